import Testing

@testable import Gateway

@Suite struct HandshakePaceTests {
    private let steps = HandshakePace<Int>.stepsPerRound

    @Test func `so many steps a round, then the next ones wait`() {
        var pace = HandshakePace<Int>()
        for step in 0..<self.steps {
            #expect(pace.isOpen)
            #expect(pace.took() == (step == 0))
        }
        #expect(!pace.isOpen)
        #expect(pace.wait(1) == false)
        #expect(pace.nextRound() == [1])
        #expect(pace.isOpen)
        #expect(pace.needsRound() == false)
    }

    @Test func `those who wait come in order, and before anybody new`() {
        var pace = HandshakePace<Int>()
        for _ in 0..<self.steps { _ = pace.took() }
        for number in 0..<2 * self.steps + 1 { _ = pace.wait(number) }
        #expect(pace.nextRound() == Array(0..<self.steps))
        #expect(!pace.isOpen)
        #expect(pace.took() == true)
        #expect(pace.needsRound() == false)
        #expect(pace.nextRound() == Array(self.steps..<2 * self.steps))
        #expect(pace.needsRound() == true)
        #expect(pace.nextRound() == [2 * self.steps])
        #expect(pace.isOpen)
        #expect(pace.needsRound() == false)
    }

    @Test func `one who waits before anything was done is called too`() {
        var pace = HandshakePace<Int>()
        #expect(pace.wait(1) == true)
        #expect(pace.nextRound() == [1])
    }
}

import Testing

@testable import LoadGenerator

@Suite struct PendingAnswersTests {
    @Test func `answers in order give back when each message left`() {
        var pending = PendingAnswers()
        for number in 0..<5_000 as Range<UInt64> {
            #expect(pending.next == number)
            #expect(pending.add(at: number + 10) == 0)
        }
        for number in 0..<5_000 as Range<UInt64> { #expect(pending.answer(number) == .inOrder(sent: number + 10)) }
        #expect(pending.count == 0)
        #expect(pending.next == 5_000)
    }

    @Test func `an answer that overtakes another is early, and only the one that never comes is missing`() {
        var pending = PendingAnswers()
        for instant in 1...4 as ClosedRange<UInt64> { _ = pending.add(at: instant) }
        #expect(pending.answer(2) == .early(sent: 3))
        #expect(pending.answer(3) == .early(sent: 4))
        #expect(pending.count == 2)
        #expect(pending.answer(0) == .inOrder(sent: 1))
        #expect(pending.count == 1)
        #expect(pending.answer(1) == .inOrder(sent: 2))
        #expect(pending.count == 0)
        #expect(pending.next == 4)
    }

    @Test func `what is answered twice, or was never asked, is unexpected`() {
        var pending = PendingAnswers()
        #expect(pending.answer(0) == .unexpected)
        _ = pending.add(at: 1)
        _ = pending.add(at: 2)
        #expect(pending.answer(1) == .early(sent: 2))
        #expect(pending.answer(1) == .unexpected)
        #expect(pending.answer(.max) == .unexpected)
        #expect(pending.answer(0) == .inOrder(sent: 1))
        #expect(pending.answer(0) == .unexpected)
    }

    @Test func `one answer that never comes is given up in the end`() {
        var pending = PendingAnswers(window: 3_000)
        _ = pending.add(at: 1)
        for number in 1..<3_000 as Range<UInt64> {
            #expect(pending.add(at: number) == 0)
            #expect(pending.answer(number) == .early(sent: number))
        }
        #expect(pending.count == 1)
        #expect(pending.add(at: 9) == 1)
        #expect(pending.count == 1)
        #expect(pending.answer(0) == .unexpected)
        #expect(pending.answer(3_000) == .inOrder(sent: 9))
        #expect(pending.count == 0)
    }
}

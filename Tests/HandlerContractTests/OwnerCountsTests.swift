import Testing

@testable import HandlerContract

@Suite struct OwnerCountsTests {
    @Test func `an owner is paused at 64 and goes on at 32`() {
        var counts = OwnerCounts()
        for _ in 0..<63 { counts.add(1) }
        #expect(!counts.isPaused(1))
        counts.add(1)
        #expect(counts.isPaused(1))
        #expect(!counts.isPaused(2))
        for _ in 0..<31 {
            let resumes = counts.remove(1)
            #expect(!resumes && counts.isPaused(1))
        }
        let resumes = counts.remove(1)
        #expect(resumes && !counts.isPaused(1))
        #expect(counts.total == 32)
    }

    @Test func `nobody is remembered without jobs`() {
        var counts = OwnerCounts(pauseAt: 1, resumeAt: 0)
        counts.add(5)
        #expect(counts.isPaused(5))
        let resumes = counts.remove(5)
        let again = counts.remove(5)
        #expect(resumes && !again && counts.total == 0 && !counts.isPaused(5))
    }
}

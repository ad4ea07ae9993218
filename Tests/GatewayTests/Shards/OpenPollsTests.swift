import Testing

@testable import Gateway

@Suite struct OpenPollsTests {
    private final class Poller {}

    @Test func `what is prompt does not wait for bulk, and each is in the order of its coming`() {
        let pollers = (0..<4).map { _ in Poller() }
        var polls = OpenPolls<Poller>()
        polls.append(pollers[0], .bulk)
        polls.append(pollers[1], .prompt)
        polls.append(pollers[2], .bulk)
        polls.append(pollers[3], .prompt)
        #expect(polls.hasPrompt && polls.hasBulk)
        #expect(polls.nextPrompt() === pollers[1])
        #expect(polls.nextPrompt() === pollers[3])
        #expect(polls.nextPrompt() == nil && !polls.hasPrompt)
        #expect(polls.nextBulk() === pollers[0])
        #expect(polls.nextBulk() === pollers[2])
        #expect(polls.nextBulk() == nil && !polls.hasBulk)
    }
}

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
        #expect(polls.next() === pollers[0])
        #expect(polls.next() === pollers[2])
        #expect(polls.next() == nil && !polls.hasBulk)
    }

    @Test func `who becomes prompt while bulk is answered comes next`() {
        let pollers = (0..<3).map { _ in Poller() }
        var polls = OpenPolls<Poller>()
        polls.append(pollers[0], .bulk)
        polls.append(pollers[1], .bulk)
        #expect(polls.next() === pollers[0])
        polls.append(pollers[2], .prompt)
        #expect(polls.next() === pollers[2])
        #expect(polls.next() === pollers[1])
    }
}

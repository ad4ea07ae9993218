import NIOCore
import Randomness

@testable import PlainEvents

/// One client and one queue with a bad network between them: requests and answers come late, never or twice.
///
/// One seed is one story. The client is as careful as documented: it applies an answer only to the cursor that it asked
/// with, and asks again with the same cursor when an answer does not come.
final class PollSimulation {
    private struct Request {
        var cursor: UInt64
        var wait: Int
        /// The client has given this one up, or it is a copy that a proxy made: nobody waits for its answer.
        var isAbandoned = false
        var answers = 0
        var arrived: Int?
        /// The server has seen its connection close.
        var isLost = false
    }

    private struct Event {
        var time: Int
        var order: Int
        var action: () -> Void
    }

    private static let start = ContinuousClock.now
    /// Milliseconds.
    private static let patience = 400
    private static let maxWait = 120

    private var random: SeededRandom
    private var time = 0
    private var events: [Event] = []
    private var planned = 0
    private let faults: Int

    private var queue: PollQueue
    private var published: UInt64 = 0
    private var requests: [Request] = []
    /// The one that the server keeps.
    private var open: Int?

    private var cursor: UInt64 = 0
    private var received: [UInt64] = []
    private var current: Int?
    private var isStopped = false

    private(set) var failures: [String] = []
    private(set) var counts: [String: Int] = [:]
    private(set) var story: [String] = []

    init(seed: UInt64) {
        self.random = SeededRandom(seed: seed)
        self.queue = PollQueue(limit: .max / 4, patience: .milliseconds(Self.patience), now: Self.start)
        self.faults = self.random.below(3) == 0 ? 0 : 4 + self.random.below(30)
        self.run()
    }

    private func run() {
        let end = 300 + self.random.below(1_500)
        for _ in 0..<self.random.below(40) {
            let burst = self.random.below(4) == 0 ? 8 : 1
            self.at(self.random.below(end)) { for _ in 0..<burst { self.publish() } }
        }
        self.ask()
        self.play(until: end)
        // Then all is quiet: a careful client has everything soon after.
        self.at(end + 700) { self.isStopped = true }
        self.play(until: end + 700 + Self.patience + 4 * Self.maxWait)
        self.expect(self.received == Array(0..<self.published), "received \(self.received.count) of \(self.published)")
        self.expect(self.open == nil && !self.queue.isRequestOpen, "a request is still open")
        self.expect(self.queue.tick(now: self.now) == .abandoned, "the queue never ends")
        for (number, request) in self.requests.enumerated() where request.arrived != nil {
            let isAnswered = request.answers == 1 || request.answers == 0 && request.isLost
            self.expect(isAnswered, "request \(number) was answered \(request.answers) times")
        }
    }

    // MARK: - The server

    private func publish() {
        let message = ByteBuffer(integer: self.published)
        self.published += 1
        guard self.queue.append(message) == .answers else { return }
        // At the end of the turn, and more may come before that.
        self.after(0) {
            guard self.queue.isRequestOpen, self.queue.hasMessages, let number = self.open else { return }
            self.open = nil
            self.answer(number, self.queue.take(now: self.now), "event")
        }
    }

    private func arrive(_ number: Int) {
        self.requests[number].arrived = self.time
        let request = self.requests[number]
        let wait = Duration.milliseconds(request.wait)
        let wasOpen = self.queue.isRequestOpen
        self.expect(wasOpen == (self.open != nil), "it does not know whether a request is open")
        let reception = self.queue.receive(cursor: request.cursor, wait: wait, now: self.now)
        self.expect(self.queue.invariants(), "its parts do not agree")
        self.count("\(reception)")
        self.note("\(number) arrives with \(request.cursor): \(reception)")
        switch reception {
        case .unknown, .outdated:
            self.expect(reception == .outdated, "a cursor of its own is unknown to it")
            self.expect(request.cursor < self.queue.confirmed, "it was not overtaken")
            self.answer(number, nil, "outdated")
        case .hold, .answer:
            if let older = self.open {
                self.count("replaced")
                self.answer(older, nil, "replaced")
            }
            self.open = reception == .hold ? number : nil
            self.after(request.wait) { self.tick() }
            if reception == .answer { self.answer(number, self.queue.take(now: self.now), "at once") }
        }
    }

    private func lose(_ number: Int) {
        self.requests[number].isLost = true
        guard self.open == number else { return }
        self.count("lost while open")
        self.open = nil
        self.queue.requestLost(now: self.now)
    }

    private func tick() {
        if self.queue.tick(now: self.now) == .answer, let number = self.open {
            self.open = nil
            self.count("empty")
            let waited = self.time - (self.requests[number].arrived ?? 0)
            self.expect(waited >= self.requests[number].wait && waited <= Self.maxWait, "waited \(waited)")
            self.answer(number, self.queue.take(now: self.now), "empty")
        }
    }

    /// `nil`: it is refused because of another request.
    private func answer(_ number: Int, _ messages: [ByteBuffer]?, _ why: String) {
        self.requests[number].answers += 1
        self.note("\(number) is answered: \(why), \(messages?.count ?? 0)")
        let sent = self.queue.sent
        guard !self.fails() else { return self.count("answers lost") }
        self.after(self.latency()) { self.answered(number, messages, sent) }
    }

    // MARK: - The client

    private func ask() {
        guard !self.isStopped else { return }
        let number = self.requests.count
        self.requests.append(Request(cursor: self.cursor, wait: self.random.below(Self.maxWait)))
        self.current = number
        self.send(number)
        if self.fails() {
            // A proxy that did not get an answer in time sends it again, perhaps much later.
            let copy = self.requests.count
            self.requests.append(Request(cursor: self.cursor, wait: Self.maxWait, isAbandoned: true))
            self.after(self.random.below(250)) { self.send(copy) }
            self.count("copies")
        }
        let patience = Self.maxWait + 150
        self.after(patience) { if self.current == number { self.giveUp(number) } }
    }

    private func send(_ number: Int) {
        guard !self.fails() else { return self.count("requests lost") }
        let arrival = self.latency()
        self.after(arrival) { self.arrive(number) }
        guard self.fails() else { return }
        // The connection breaks; each side hears of it in its own time.
        self.after(arrival + self.random.below(Self.maxWait)) { if self.current == number { self.giveUp(number) } }
        self.after(arrival + self.random.below(2 * Self.maxWait)) { self.lose(number) }
    }

    private func giveUp(_ number: Int) {
        self.requests[number].isAbandoned = true
        self.ask()
    }

    private func answered(_ number: Int, _ messages: [ByteBuffer]?, _ sent: UInt64) {
        guard !self.requests[number].isAbandoned, self.current == number else { return }
        if let messages {
            for var message in messages { self.received.append(message.readInteger() ?? .max) }
            self.expect(self.requests[number].cursor + UInt64(messages.count) == sent, "a wrong cursor")
            self.cursor = sent
        } else {
            self.count("refused and asked again")
        }
        self.current = nil
        self.ask()
    }

    // MARK: - The world

    private var now: ContinuousClock.Instant { Self.start + .milliseconds(self.time) }

    private func fails() -> Bool { self.faults > 0 && !self.isQuiet && self.random.below(self.faults) == 0 }

    /// No more faults near the end.
    private var isQuiet = false

    private func latency() -> Int {
        self.random.below(30) == 0 ? 20 + self.random.below(100) : 1 + self.random.below(6)
    }

    private func at(_ time: Int, _ action: @escaping () -> Void) {
        self.planned += 1
        self.events.append(Event(time: time, order: self.planned, action: action))
    }

    private func after(_ delay: Int, _ action: @escaping () -> Void) { self.at(self.time + delay, action) }

    private func play(until end: Int) {
        while self.failures.isEmpty,
            let index = self.events.indices.min(by: {
                (self.events[$0].time, self.events[$0].order) < (self.events[$1].time, self.events[$1].order)
            }), self.events[index].time <= end
        {
            let event = self.events.remove(at: index)
            self.time = event.time
            event.action()
        }
        self.time = end
        self.isQuiet = true
    }

    private func expect(_ condition: Bool, _ what: @autoclosure () -> String) {
        if !condition { self.failures.append("at \(self.time) ms: \(what())") }
    }

    private func count(_ what: String) { self.counts[what, default: 0] += 1 }

    private func note(_ what: String) { self.story.append("\(self.time) \(what)") }
}

package import struct NIOCore.ByteBuffer
internal import DequeModule

/// What a long-polling client has not confirmed yet, and whether a request of it waits: decides, never acts.
///
/// Messages are counted from 1. An answer has all that there are, and says how many that makes; the request that brings
/// this number back confirms them. Until then they are kept, and a request with an older number gets them again: an answer
/// that was lost on the way loses nothing.
package struct PollQueue: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// What becomes of a request.
    package enum Reception: Hashable, Sendable {
        /// There is something to say: it is answered now, with ``take(now:)``.
        case answer
        /// It waits until there is, or until its time is over.
        case hold
        /// A later request has confirmed more: its answer would be of no use to anybody.
        case outdated
        /// That number was never given out.
        case unknown
    }

    package enum Addition: Hashable, Sendable {
        /// A request waits for it: it is answered at the end of the turn, with ``take(now:)``.
        case answers
        case waits
        /// The client does not fetch what there is.
        case full
    }

    package enum Tick: Hashable, Sendable {
        case wait(until: Instant)
        /// The request has waited long enough: it is answered as it is, with ``take(now:)``.
        case answer
        /// Nobody has asked for too long.
        case abandoned
    }

    /// What a message costs in memory beside its bytes.
    package static let messageCost = 64

    /// Bytes that have not been in an answer, with ``messageCost`` for each; as many may be added to an answer that the
    /// client asks for again and again without confirming it.
    package let limit: Int
    /// What was in the first answer that is not confirmed yet: it was little enough, or a single message.
    private var firstAnswer = 0
    /// How long the client may leave us without a request.
    package let patience: Duration
    private var messages: Deque<ByteBuffer> = []
    /// Of all ``messages``, and of those that have not been in an answer.
    package private(set) var bytes = 0
    private var unsentBytes = 0
    /// How many messages the client has confirmed, and how many it has been told of.
    package private(set) var confirmed: UInt64 = 0
    package private(set) var sent: UInt64 = 0
    /// Until when the request may wait; `nil`: there is none.
    private var waitsUntil: Instant?
    /// When the last answer was given, or the request that waited was lost.
    private var idleSince: Instant
    /// No message comes any more, and no request waits.
    package private(set) var isFinished = false

    package init(limit: Int, patience: Duration, now: Instant) {
        self.limit = limit
        self.patience = patience
        self.idleSince = now
    }

    package var isRequestOpen: Bool { self.waitsUntil != nil }
    package var hasMessages: Bool { !self.messages.isEmpty }

    /// A request has come, with the number of the last answer that the client has seen.
    ///
    /// With ``Reception/answer`` and ``Reception/hold`` it takes the place of one that waits, which is to be answered
    /// at once without any message; that one was ``isRequestOpen`` before the call.
    package mutating func receive(cursor: UInt64, wait: Duration, now: Instant) -> Reception {
        guard cursor <= self.sent else { return .unknown }
        guard cursor >= self.confirmed else { return .outdated }
        while self.confirmed < cursor, let message = self.messages.popFirst() {
            self.confirmed += 1
            self.bytes -= Self.cost(message)
        }
        self.idleSince = now
        guard self.messages.isEmpty, !self.isFinished, wait > .zero else {
            self.waitsUntil = nil
            return .answer
        }
        self.waitsUntil = now + wait
        return .hold
    }

    /// The connection of the request that waits has gone.
    package mutating func requestLost(now: Instant) {
        guard self.waitsUntil != nil else { return }
        self.waitsUntil = nil
        self.idleSince = now
    }

    /// What the client has missed comes first, however much it is: it is bounded where it comes from.
    package mutating func begin(with missed: [ByteBuffer]) {
        self.messages = Deque(missed)
        self.bytes = missed.reduce(0) { $0 + Self.cost($1) }
        self.unsentBytes = self.bytes
    }

    package mutating func append(_ message: ByteBuffer) -> Addition {
        guard !self.isFinished else { return .waits }
        self.messages.append(message)
        self.bytes += Self.cost(message)
        self.unsentBytes += Self.cost(message)
        // A single message may be larger: it is the pile that must not grow.
        let isPile = self.unsentBytes > Self.cost(message)
        guard !isPile || self.unsentBytes <= self.limit, self.sentBytes <= self.firstAnswer + self.limit
        else { return .full }
        return self.isRequestOpen ? .answers : .waits
    }

    /// Everything that there is, for an answer; ``sent`` is the number that goes with it.
    package mutating func take(now: Instant) -> [ByteBuffer] {
        self.waitsUntil = nil
        self.idleSince = now
        if self.sentBytes == 0 { self.firstAnswer = self.bytes }
        self.unsentBytes = 0
        self.sent = self.confirmed + UInt64(self.messages.count)
        return Array(self.messages)
    }

    /// The client is to go, after it has fetched what there is.
    ///
    /// Returns whether a request waits that can take it along.
    package mutating func finish() -> Bool {
        self.isFinished = true
        return self.isRequestOpen
    }

    /// The instant given by ``nextDeadline`` has passed, or may have.
    package func tick(now: Instant) -> Tick {
        guard now >= self.nextDeadline else { return .wait(until: self.nextDeadline) }
        return self.isRequestOpen ? .answer : .abandoned
    }

    package var nextDeadline: Instant { self.waitsUntil ?? self.idleSince + self.patience }

    private var sentBytes: Int { self.bytes - self.unsentBytes }

    private static func cost(_ message: ByteBuffer) -> Int { message.readableBytes + Self.messageCost }

    /// Whether its parts agree; for tests.
    package func invariants() -> Bool {
        let unsent = self.confirmed + UInt64(self.messages.count) - max(self.sent, self.confirmed)
        return self.confirmed <= self.sent && self.sent <= self.confirmed + UInt64(self.messages.count)
            && self.messages.reduce(0) { $0 + Self.cost($1) } == self.bytes
            && self.messages.suffix(Int(unsent)).reduce(0) { $0 + Self.cost($1) } == self.unsentBytes
    }
}

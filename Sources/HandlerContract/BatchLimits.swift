import Crypto

/// How many events of a route go to their handler in one request.
package struct BatchLimits: Hashable, Sendable {
    /// Events in one request.
    package var max: Int
    /// How long the first of them waits for others.
    package var linger: Duration

    /// What the events of one request may weigh together, unless it is one: a backend takes a body of a megabyte, as an
    /// event alone may have it.
    package static let maxBytes = 1 << 20

    package init(max: Int, linger: Duration) {
        self.max = Swift.max(1, max)
        self.linger = linger
    }

    /// The `webhook-id` of a request with these events: the same for the same events in the same order only.
    ///
    /// A receiver that takes it for a repeat may therefore skip it as a whole.
    package static func requestID(of eventIDs: [String]) -> String {
        var hash = SHA256()
        for id in eventIDs {
            hash.update(data: Array(id.utf8))
            // No id contains it.
            hash.update(data: [0])
        }
        let digits = Array("0123456789abcdef".utf8)
        let text = hash.finalize().prefix(16).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return "bat_" + String(decoding: text, as: UTF8.self)
    }
}

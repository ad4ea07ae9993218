import Crypto
import Routing

/// Signs requests to handlers and checks such signatures.
///
/// Standard Webhooks 1.0, scheme `v1`.
///
/// A signature is `v1,` and the base 64 of HMAC-SHA256(key, id + "." + timestamp + "." + body).
package struct WebhookSignature: Sendable {
    private let current: SigningKey
    private let previous: SigningKey?

    /// Signs with `current`, and with `previous` as well while receivers still have the old key.
    package init(current: SigningKey, previous: SigningKey? = nil) {
        self.current = current
        self.previous = previous
    }

    /// The value of `webhook-signature`: one signature per key, the current one first, separated by a space.
    package func header(id: String, timestamp: Int64, body: [UInt8]) -> String {
        let stamp = String(timestamp)
        let first = Self.signature(of: id, stamp, body, key: current)
        guard let previous else { return first }
        return first + " " + Self.signature(of: id, stamp, body, key: previous)
    }

    /// How far the timestamp of a request may be from the receiver's clock, in seconds.
    package static let tolerance: Int64 = 300

    /// Checks a received signature header against any of this value's keys, in constant time for each comparison.
    package func verify(
        header: String, id: String, timestamp: String, body: [UInt8], now: Timestamp
    ) throws(WebhookVerificationError) {
        let digits = timestamp.utf8
        // 18 digits fit into 64 bits, and Int64's own parser would take a sign as well.
        guard (1...18).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            let stamp = Int64(timestamp)
        else { throw .malformedTimestamp }
        guard stamp >= now.seconds - Self.tolerance else { throw .tooOld }
        guard stamp <= now.seconds + Self.tolerance else { throw .tooNew }
        // A sender has one or two live keys; a long list would only buy an attacker our time.
        let candidates = header.split(separator: " ", maxSplits: 16).filter { $0.hasPrefix("v1,") }
        guard !candidates.isEmpty else { throw .noSignature }
        var matched = false
        for key in [current, previous].compactMap(\.self) {
            let expected = Self.signature(of: id, timestamp, body, key: key)
            for candidate in candidates where Self.equal(expected, candidate) { matched = true }
        }
        guard matched else { throw .mismatch }
    }

    private static func signature(of id: String, _ timestamp: String, _ body: [UInt8], key: SigningKey) -> String {
        var authentication = HMAC<SHA256>(key: key.key)
        authentication.update(data: Array("\(id).\(timestamp).".utf8))
        authentication.update(data: body)
        let code = authentication.finalize().withUnsafeBytes(Base64.encode(_:))
        return "v1," + String(decoding: code, as: UTF8.self)
    }

    /// Compares without telling by its duration where the first difference is.
    private static func equal(_ expected: String, _ candidate: Substring) -> Bool {
        guard expected.utf8.count == candidate.utf8.count else { return false }
        var difference: UInt8 = 0
        for (a, b) in zip(expected.utf8, candidate.utf8) { difference |= a ^ b }
        return difference == 0
    }
}

/// Why a signed request is not accepted.
package enum WebhookVerificationError: Error, Hashable, Sendable {
    case malformedTimestamp
    case tooOld
    case tooNew
    case noSignature
    case mismatch
}

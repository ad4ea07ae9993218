/// Where a long-polling client is: `<session>.<count>` or `<session>.<count>.<offset>`, opaque to the client.
///
/// What the parts mean is their owners' business; here they are only told apart. The session is the secret in it: whoever
/// has the cursor of a session that is alive may read and speak for it.
package struct PollCursor: Hashable, Sendable {
    package enum Place: Hashable, Sendable {
        /// So many messages of the session have been received.
        case count(UInt64)
        /// The session has been ended for good, and the client knows.
        case disconnected
    }

    /// The most characters of a cursor: 24 + 1 + 11 + 1 + 24.
    package static let maxLength = 61
    /// The most digits of a count: one less than there are letters in ``farewell``, so that neither is the other.
    private static let maxDigits = 11
    private static let farewell = "disconnected"

    package var session: String
    package var place: Place
    /// Where the client is in the log of its namespace; `nil` where there is none.
    package var offset: String?

    package init(session: String, place: Place, offset: String? = nil) {
        self.session = session
        self.place = place
        self.offset = offset
    }

    /// Reads what ``text`` writes, and nothing else; looks at no more than ``maxLength`` bytes, however many there are.
    package init?(_ text: String) {
        guard text.utf8.prefix(Self.maxLength + 1).count <= Self.maxLength else { return nil }
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, !parts[0].isEmpty else { return nil }
        let offset = parts.count == 3 ? String(parts[2]) : nil
        if parts[1] == Self.farewell {
            guard offset == nil else { return nil }
            self.init(session: String(parts[0]), place: .disconnected)
            return
        }
        // One way to write a number: `UInt64.init` would also take signs, zeros in front and capitals.
        guard parts[1].utf8.count <= Self.maxDigits, let count = UInt64(parts[1], radix: 36),
            String(count, radix: 36) == parts[1], offset?.isEmpty != true
        else { return nil }
        self.init(session: String(parts[0]), place: .count(count), offset: offset)
    }

    package var text: String {
        switch self.place {
        case .disconnected: "\(self.session).\(Self.farewell)"
        case .count(let count):
            "\(self.session).\(String(count, radix: 36))\(self.offset.map { ".\($0)" } ?? "")"
        }
    }
}

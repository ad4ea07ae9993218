import Foundation

/// Where a page of a list ended.
///
/// Opaque to clients: URL-safe base 64 of what the next page needs to know.
enum PageCursor {
    static func encode(_ text: String) -> String {
        Data(text.utf8).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-")
            .replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    static func decode(_ cursor: String) -> String? {
        guard cursor.utf8.count <= 1_024 else { return nil }
        var text = cursor.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        text += String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: text).flatMap { String(data: $0, encoding: .utf8) }
    }

    /// The decoded cursor of a request; nil for the first page.
    static func of(_ request: AdminRequest) throws(AdminProblem) -> String? {
        guard let cursor = try request.value("cursor") else { return nil }
        guard let text = self.decode(cursor) else { throw self.invalid }
        return text
    }

    static let invalid = AdminProblem(400, "the parameter \"cursor\" is not one of ours")
}

/// The place of the last socket of a page: sockets are ordered by shard, namespace and slot, none of which changes
/// while a socket is connected.
struct SocketCursor: Hashable, Sendable {
    var shard: Int
    var namespace: String
    var slot: UInt32

    init(shard: Int, namespace: String, slot: UInt32) {
        self.shard = shard
        self.namespace = namespace
        self.slot = slot
    }

    init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let shard = Int(parts[0]), shard >= 0, let slot = UInt32(parts[1]) else { return nil }
        self.init(shard: shard, namespace: String(parts[2]), slot: slot)
    }

    var text: String { "\(self.shard).\(self.slot).\(self.namespace)" }
}

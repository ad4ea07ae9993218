/// What a request calls the session that it belongs to.
///
/// Held in place and not as a string, because every poll and every POST has one. Longer than ``capacity`` is no name that was
/// given out; how long is all that is known of such a one.
package struct SessionName: Hashable, Sendable {
    /// Bytes that are kept: the names of our sessions have 24.
    package static let capacity = 32

    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    private let length: Int

    package init(_ bytes: UnsafeRawBufferPointer) {
        length = bytes.count
        guard length <= Self.capacity else { return }
        withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
    }

    /// Calls `body` with the name's bytes, unless it is none of ours.
    ///
    /// Not generic, because the call of a generic function of another module costs more than what is done with the bytes.
    package func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        guard length <= Self.capacity else { return }
        withUnsafeBytes(of: words) { body(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
    }

    package static func == (one: SessionName, other: SessionName) -> Bool {
        one.length == other.length && one.words == other.words
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(length)
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

extension SessionName: ExpressibleByStringLiteral {
    package init(stringLiteral name: StaticString) {
        self = name.withUTF8Buffer { SessionName(UnsafeRawBufferPointer($0)) }
    }
}

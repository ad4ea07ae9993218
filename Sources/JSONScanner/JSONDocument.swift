/// A parsed JSON text as a flat index over its bytes; values keep their exact bytes.
///
/// For configuration, answers of handlers and admin requests. Cheap to copy. Messages of clients are sliced by
/// ``JSONScanner`` instead.
package struct JSONDocument: Sendable {
    /// One value or one key.
    ///
    /// The entries of a container follow it, each key directly before its value.
    struct Entry: Sendable {
        var kind: JSONNode.Kind
        var isEscaped: Bool
        var start: UInt32
        var end: UInt32
        /// Elements or members of a container.
        var count: UInt32
        /// The index of the first entry that is not part of this value.
        var next: UInt32
    }

    final class Storage: Sendable {
        let bytes: [UInt8]
        let entries: [Entry]

        init(bytes: [UInt8], entries: [Entry]) {
            self.bytes = bytes
            self.entries = entries
        }
    }

    private let storage: Storage

    /// - Parameters:
    ///   - depthLimit: Open arrays and objects.
    ///   - maxNodes: Values and keys together; more of them throw ``JSONError/tooLarge``.
    package init(_ bytes: [UInt8], depthLimit: Int = 64, maxNodes: Int = 100_000) throws(JSONError) {
        guard bytes.count < Int(UInt32.max) else { throw .tooLarge }
        var entries: [Entry] = []
        // The closure cannot throw a typed error through `withUnsafeBytes` without a result in between.
        let result: Result<[Entry], JSONError> = bytes.withUnsafeBytes { raw in
            do throws(JSONError) {
                return .success(try Self.index(raw, depthLimit: depthLimit, maxNodes: maxNodes))
            } catch {
                return .failure(error)
            }
        }
        entries = try result.get()
        storage = Storage(bytes: bytes, entries: entries)
    }

    package init(_ string: String) throws(JSONError) {
        try self.init(Array(string.utf8))
    }

    package var root: JSONNode { JSONNode(storage: storage, index: 0) }

    package var bytes: [UInt8] { storage.bytes }

    /// The line and the column, both from 1, of a byte offset; columns count characters.
    package func position(at offset: Int) -> (line: Int, column: Int) {
        JSONDocument.position(at: offset, in: storage.bytes)
    }

    /// The same for bytes that could not be parsed.
    package static func position(at offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        let before = bytes[..<max(0, min(offset, bytes.count))]
        let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return (line, String(decoding: before[lineStart...], as: UTF8.self).count + 1)
    }

    private static func index(
        _ raw: UnsafeRawBufferPointer, depthLimit: Int, maxNodes: Int
    ) throws(JSONError) -> [Entry] {
        let cursor = try JSONCursor(raw)
        var builder = Builder(maxNodes: maxNodes)
        let after = cursor.skipWhitespace(try cursor.value(0, depthLimit: depthLimit, visitor: &builder))
        guard after == cursor.end else { throw .trailingBytes(at: after) }
        guard !builder.isFull else { throw .tooLarge }
        return builder.entries
    }

    private struct Builder: JSONVisitor {
        let maxNodes: Int
        var entries: [Entry] = []
        var isFull = false
        private var open: [Int] = []

        init(maxNodes: Int) {
            self.maxNodes = maxNodes
        }

        mutating func begin(_ kind: JSONNode.Kind, at offset: Int) throws(JSONError) {
            let index = entries.count
            append(kind, offset..<offset, escaped: false)
            guard !isFull else { throw .tooLarge }
            open.append(index)
        }

        mutating func end(at offset: Int) {
            guard let index = open.popLast() else { return }
            entries[index].end = UInt32(offset)
            entries[index].next = UInt32(entries.count)
        }

        mutating func key(_ range: Range<Int>, escaped: Bool) throws(JSONError) {
            guard entries.count < maxNodes else { throw .tooLarge }
            entries.append(
                Entry(
                    kind: .string, isEscaped: escaped, start: UInt32(range.lowerBound), end: UInt32(range.upperBound),
                    count: 0, next: UInt32(entries.count + 1)))
        }

        mutating func scalar(_ kind: JSONNode.Kind, _ range: Range<Int>, escaped: Bool) {
            append(kind, range, escaped: escaped)
        }

        /// Every value passes here, so its container counts it here; a full index takes no more.
        private mutating func append(_ kind: JSONNode.Kind, _ range: Range<Int>, escaped: Bool) {
            guard entries.count < maxNodes else { return isFull = true }
            if let container = open.last { entries[container].count += 1 }
            entries.append(
                Entry(
                    kind: kind, isEscaped: escaped, start: UInt32(range.lowerBound), end: UInt32(range.upperBound),
                    count: 0, next: UInt32(entries.count + 1)))
        }
    }
}

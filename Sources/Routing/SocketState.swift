internal import JSONScanner

/// The state that handlers and routes keep with a socket: JSON values by key, within a size.
package struct SocketState: Sendable {
    /// Bytes of keys and values together.
    ///
    /// It travels with every request to a handler.
    package static let maxBytes = 16 * 1024

    /// A change would make the state larger than it may be; nothing of it was done.
    package enum Failure: Error, Hashable, Sendable {
        case tooLarge(bytes: Int)
    }

    /// In the order in which the keys were set first; values as they were written.
    package private(set) var entries: [(key: String, json: [UInt8])] = []

    package init() {}

    package var isEmpty: Bool { entries.isEmpty }

    /// Bytes of keys and values.
    package var byteCount: Int {
        entries.reduce(0) { $0 + $1.key.utf8.count + $1.json.count }
    }

    /// Removes the keys of `unset`, then sets those of `set`; all or nothing.
    package mutating func apply(set: [(key: String, json: [UInt8])], unset: [String]) throws(Failure) {
        var changed = self
        changed.entries.removeAll { entry in unset.contains { $0.utf8.elementsEqual(entry.key.utf8) } }
        for (key, json) in set {
            if let index = changed.index(of: key) {
                changed.entries[index].json = json
            } else {
                changed.entries.append((key, json))
            }
        }
        let size = changed.byteCount
        guard size <= Self.maxBytes else { throw .tooLarge(bytes: size) }
        self = changed
    }

    /// The JSON that a path leads to: a key, then keys of nested objects.
    package func value(_ path: [String]) -> [UInt8]? {
        guard let first = path.first, let index = index(of: first) else { return nil }
        return JSONPath.value(Array(path.dropFirst()), in: entries[index].json)
    }

    /// The whole state as a JSON object.
    package var json: [UInt8] {
        var writer = JSONWriter(reservingCapacity: byteCount + 8 * entries.count + 2)
        writer.beginObject()
        for (key, json) in entries { writer.member(key, raw: json) }
        writer.endObject()
        return writer.bytes
    }

    private func index(of key: String) -> Int? {
        entries.firstIndex { $0.key.utf8.elementsEqual(key.utf8) }
    }
}

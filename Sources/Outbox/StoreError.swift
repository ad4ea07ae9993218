/// Why the outbox could not do something, as an operator reads it.
package enum StoreError: Error, Hashable, Sendable {
    /// Another process has it.
    case inUse(path: String)
    /// A database of something else, or of a newer version.
    case foreign(path: String, reason: String)
    /// The file or its directory cannot be used at all.
    case inaccessible(path: String, reason: String)
    /// No space, read-only, I/O error: may pass.
    case unwritable(reason: String)
    /// The file contradicts itself.
    case corrupt(reason: String)
}

extension StoreError {
    /// Without the file's name.
    var reason: String {
        switch self {
        case .inUse: "in use by another process"
        case .foreign(_, let reason), .inaccessible(_, let reason), .unwritable(let reason), .corrupt(let reason):
            reason
        }
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .inUse(let path): "outbox: \(path) is in use by another process"
        case .foreign(let path, let reason): "outbox: \(path): \(reason)"
        case .inaccessible(let path, let reason): "outbox: \(path): \(reason)"
        case .unwritable(let reason): "outbox: cannot be written: \(reason)"
        case .corrupt(let reason): "outbox: the file is damaged: \(reason)"
        }
    }
}

internal import JSONScanner

/// Names that mean something to Socket.IO or Node's EventEmitter, so that no peer may emit them.
package enum ReservedEventName {
    package static let all = [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]

    package static func contains(_ name: String) -> Bool { all.contains(name) }

    /// Looks at the bytes between the quotes; allocates only when they contain escapes.
    static func matches(_ name: UnsafeRawBufferPointer, escaped: Bool) -> Bool {
        if escaped { return contains(JSONScanner.decodeString(name)) }
        switch name.count {
        case 7: return equals(name, "connect")
        case 10: return equals(name, "disconnect")
        case 11: return equals(name, "newListener")
        case 13: return equals(name, "connect_error") || equals(name, "disconnecting")
        case 14: return equals(name, "removeListener")
        default: return false
        }
    }

    private static func equals(_ name: UnsafeRawBufferPointer, _ other: StaticString) -> Bool {
        name.elementsEqual(UnsafeBufferPointer(start: other.utf8Start, count: other.utf8CodeUnitCount))
    }
}

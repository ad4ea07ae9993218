/// Why bytes are not acceptable JSON, and where.
package enum JSONError: Error, Hashable, Sendable {
    case unexpectedByte(at: Int)
    case unexpectedEnd(at: Int)
    /// Arrays and objects are nested more deeply than the caller allows.
    case tooDeep(at: Int)
    case invalidUTF8(at: Int)
    case invalidNumber(at: Int)
    /// A control character or an unknown escape inside a string.
    case invalidString(at: Int)
    /// Something follows the one value that was asked for.
    case trailingBytes(at: Int)
    /// More values than the caller allows, or more bytes than an index can address.
    case tooLarge

    /// The offset, in bytes, of the byte that is at fault; 0 when no single byte is.
    package var offset: Int {
        switch self {
        case .unexpectedByte(let at), .unexpectedEnd(let at), .tooDeep(let at), .invalidUTF8(let at),
            .invalidNumber(let at), .invalidString(let at), .trailingBytes(let at):
            at
        case .tooLarge: 0
        }
    }

    /// What is wrong, for a person; never contains any of the scanned bytes.
    package var reason: String {
        switch self {
        case .unexpectedByte: "unexpected character"
        case .unexpectedEnd: "unexpected end of input"
        case .tooDeep: "nested too deeply"
        case .invalidUTF8: "invalid UTF-8"
        case .invalidNumber: "invalid number"
        case .invalidString: "control character or unknown escape in a string"
        case .trailingBytes: "something follows the end of the value"
        case .tooLarge: "too large"
        }
    }
}

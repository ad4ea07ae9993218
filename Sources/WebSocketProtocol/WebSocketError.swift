/// What a peer did that ends its WebSocket.
package enum WebSocketError: Error, Hashable, Sendable {
    case unmaskedFrame
    case reservedBits
    case reservedOpcode
    case fragmentedControl
    case controlTooLong
    case unexpectedContinuation
    case expectedContinuation
    case nonMinimalLength
    case lengthTooBig
    case invalidClosePayload
    case invalidCloseCode
    case invalidUTF8
    case invalidCompression
    case messageTooBig
    case tooManyFragments

    /// The code for the close frame that answers it.
    ///
    /// RFC 6455 section 7.4.1.
    package var closeCode: UInt16 {
        switch self {
        case .invalidUTF8, .invalidCompression: CloseCode.invalidPayload
        case .messageTooBig: CloseCode.messageTooBig
        case .tooManyFragments: CloseCode.policyViolation
        default: CloseCode.protocolError
        }
    }

    /// One line for a log or a close reason; never holds what the peer sent.
    package var reason: String {
        switch self {
        case .unmaskedFrame: "frame is not masked"
        case .reservedBits: "reserved bits are set"
        case .reservedOpcode: "reserved opcode"
        case .fragmentedControl: "control frame is fragmented"
        case .controlTooLong: "control frame is longer than 125 bytes"
        case .unexpectedContinuation: "continuation without a message"
        case .expectedContinuation: "new message inside a message"
        case .nonMinimalLength: "length is not minimally encoded"
        case .lengthTooBig: "length has its highest bit set"
        case .invalidClosePayload: "close payload is one byte"
        case .invalidCloseCode: "close code is not allowed"
        case .invalidUTF8: "text is not UTF-8"
        case .invalidCompression: "message cannot be inflated"
        case .messageTooBig: "message is too big"
        case .tooManyFragments: "message has too many fragments"
        }
    }
}

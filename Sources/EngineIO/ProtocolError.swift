package import struct NIOCore.ByteBuffer

/// Why a request is refused, with the codes and messages that clients of the reference server know.
package enum ProtocolError: UInt8, Error, Hashable, Sendable, CaseIterable {
    case unknownTransport = 0
    case unknownSession = 1
    case badHandshakeMethod = 2
    case badRequest = 3
    case forbidden = 4
    case unsupportedProtocolVersion = 5

    package var code: Int { Int(rawValue) }

    package var message: String {
        switch self {
        case .unknownTransport: "Transport unknown"
        case .unknownSession: "Session ID unknown"
        case .badHandshakeMethod: "Bad handshake method"
        case .badRequest: "Bad request"
        case .forbidden: "Forbidden"
        case .unsupportedProtocolVersion: "Unsupported protocol version"
        }
    }

    /// The status of the HTTP answer.
    ///
    /// A refused WebSocket handshake is always 400, as in the reference server.
    package var httpStatus: Int {
        self == .forbidden ? 403 : 400
    }

    /// Appends the body of the answer: `{"code":1,"message":"Session ID unknown"}`.
    ///
    /// - Parameter message: replaces the standard text; a connect handler may word its own refusal.
    package func writeJSON(message: String? = nil, into buffer: inout ByteBuffer) {
        buffer.writeString("{\"code\":\(code),\"message\":\"")
        for byte in (message ?? self.message).utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                buffer.writeInteger(UInt8(ascii: "\\"))
                buffer.writeInteger(byte)
            case 0..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                buffer.writeString("\\u00")
                buffer.writeInteger(digits[Int(byte >> 4)])
                buffer.writeInteger(digits[Int(byte & 15)])
            default:
                buffer.writeInteger(byte)
            }
        }
        buffer.writeString("\"}")
    }
}

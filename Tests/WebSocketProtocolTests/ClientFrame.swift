import WebSocketProtocol

/// A frame as a client sends it, with everything that can be wrong about one.
struct ClientFrame {
    var opcode: UInt8
    var payload: [UInt8] = []
    var isFinal = true
    var reserved: UInt8 = 0
    var isMasked = true
    var key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
    /// What the length field says, and in how many bytes; nil for the truth.
    var announced: (value: UInt64, width: Int)?

    static func text(_ text: String, final isFinal: Bool = true) -> ClientFrame {
        ClientFrame(opcode: 1, payload: Array(text.utf8), isFinal: isFinal)
    }

    static func binary(_ payload: [UInt8], final isFinal: Bool = true) -> ClientFrame {
        ClientFrame(opcode: 2, payload: payload, isFinal: isFinal)
    }

    static func more(_ payload: [UInt8], final isFinal: Bool = true) -> ClientFrame {
        ClientFrame(opcode: 0, payload: payload, isFinal: isFinal)
    }

    static func close(_ payload: [UInt8] = []) -> ClientFrame { ClientFrame(opcode: 8, payload: payload) }
    static func close(_ code: UInt16, _ reason: [UInt8] = []) -> ClientFrame {
        close([UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }
    static func ping(_ payload: [UInt8] = []) -> ClientFrame { ClientFrame(opcode: 9, payload: payload) }
    static func pong(_ payload: [UInt8] = []) -> ClientFrame { ClientFrame(opcode: 10, payload: payload) }

    var bytes: [UInt8] {
        let count = payload.count
        let length = announced ?? (UInt64(count), count <= 125 ? 1 : count <= 0xFFFF ? 2 : 8)
        var result = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch length.width {
        case 1: result.append(mask | UInt8(length.value))
        case 2: result += [mask | 126, UInt8(length.value >> 8), UInt8(length.value & 0xFF)]
        default:
            result.append(mask | 127)
            result += (0..<8).map { UInt8(truncatingIfNeeded: length.value >> (56 - 8 * UInt64($0))) }
        }
        guard isMasked else { return result + payload }
        result += key
        result += payload.enumerated().map { $1 ^ key[$0 % 4] }
        return result
    }
}

extension [ClientFrame] {
    var bytes: [UInt8] { flatMap(\.bytes) }
}

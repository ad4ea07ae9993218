import EngineIO
import NIOCore

/// Payloads of protocol 3 as they are on the wire and as they are understood.
enum CountedPayloadVectors {
    struct Vector: Sendable {
        var format: PayloadFormat
        var wire: [UInt8]
        /// As text: the type and the data; `B` and hexadecimal bytes for binary.
        var items: [String]
    }

    static let all = text + bytes

    /// `<code units>:<packet>`.
    static let text: [Vector] = [
        counted("2:4a", ["4a"]),
        counted("6:4hello2:4a", ["4hello", "4a"]),
        counted("12:4hello world3:4hi", ["4hello world", "4hi"]),
        counted("1:21:31:61:1", ["2", "3", "6", "1"]),
        counted("1:4", ["4"]),
        counted("6:2probe", ["2probe"]),
        // One code unit each, whether of two bytes or of three.
        counted("4:4€€€", ["4€€€"]),
        counted("3:4éß1:2", ["4éß", "2"]),
        // Two code units, four bytes.
        counted("3:4😀2:4x", ["4😀", "4x"]),
        counted("6:4a😀é€3:4😀", ["4a😀é€", "4😀"]),
        // Separators and digits inside a packet are its own.
        counted("9:41:4a3:4b2:4c", ["41:4a3:4b", "4c"]),
        counted("4:4\u{1e}\u{1e}:1:3", ["4\u{1e}\u{1e}:", "3"]),
        counted("6:4hello10:b4AQIDBA==", ["4hello", "B1 2 3 4"]),
        counted("2:b41:3", ["B", "3"]),
    ]

    /// `<0 or 1><digits><0xff><packet>`.
    static let bytes: [Vector] = [
        Vector(
            format: .countedBytes,
            wire: [0, 6, 0xff, 0x34, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 1, 4, 0xff, 4, 1, 2, 3],
            items: ["4hello", "B1 2 3"]),
        Vector(format: .countedBytes, wire: [1, 6, 0xff, 4, 1, 2, 3, 4, 5], items: ["B1 2 3 4 5"]),
        Vector(format: .countedBytes, wire: [1, 1, 0xff, 4], items: ["B"]),
        Vector(format: .countedBytes, wire: [0, 1, 0xff, 0x32, 1, 2, 0xff, 4, 0xff], items: ["2", "Bff"]),
        // A length of two digits, and text counted in bytes.
        Vector(
            format: .countedBytes, wire: [0, 1, 1, 0xff] + "4€€😀".utf8 + [1, 2, 0xff, 4, 0], items: ["4€€😀", "B0"]),
        Vector(format: .countedBytes, wire: [0, 1, 0, 0xff] + "4123456789".utf8, items: ["4123456789"]),
    ]

    private static func counted(_ wire: String, _ items: [String]) -> Vector {
        Vector(format: .counted, wire: Array(wire.utf8), items: items)
    }

    static func read(
        _ body: [UInt8], _ format: PayloadFormat
    ) -> (items: [String], error: PayloadError?) {
        body.withUnsafeBytes { bytes in
            var items: [String] = []
            var reader = PayloadReader(bytes, format: format)
            do throws(PayloadError) {
                while let item = try reader.next() { items.append(text(of: item)) }
            } catch {
                return (items, error)
            }
            return (items, nil)
        }
    }

    static func text(of item: PayloadReader.Item) -> String {
        switch item {
        case .packet(let type, let data):
            String(UnicodeScalar(type.rawValue)) + String(decoding: data, as: UTF8.self)
        case .binary(let buffer):
            "B" + buffer.readableBytesView.map { String($0, radix: 16) }.joined(separator: " ")
        }
    }

    /// The packet of an item, as a session of protocol 3 has it queued.
    static func packet(_ item: String, _ format: PayloadFormat) -> OutboundPacket {
        guard item.first == "B" else { return .text(item) }
        let bytes = item.dropFirst().split(separator: " ").compactMap { UInt8($0, radix: 16) }
        guard format == .counted else { return .binary([4] + bytes) }
        var text = ByteBuffer(string: "b4")
        bytes.withUnsafeBytes { Base64.encode($0, into: &text) }
        return .text(text.text)
    }
}

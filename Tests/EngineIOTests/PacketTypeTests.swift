import EngineIO
import NIOCore
import Testing

@Suite struct PacketTypeTests {
    @Test(arguments: [
        ("0{}", PacketType.open, "{}"), ("1", .close, ""), ("2", .ping, ""), ("2probe", .ping, "probe"),
        ("3", .pong, ""), ("3probe", .pong, "probe"), ("4hello", .message, "hello"), ("4€", .message, "€"),
        ("4", .message, ""), ("5", .upgrade, ""), ("6", .noop, ""),
    ])
    func `every text packet is a type byte and data`(wire: String, type: PacketType, data: String) throws {
        try Array(wire.utf8).withUnsafeBytes { bytes in
            let packet = try #require(PacketType.split(bytes))
            #expect(packet.type == type)
            #expect(String(decoding: packet.data, as: UTF8.self) == data)
        }
    }

    @Test func `no other first byte is a packet`() {
        #expect(PacketType.split(UnsafeRawBufferPointer(start: nil, count: 0)) == nil)
        for byte in UInt8.min...UInt8.max where !(0x30...0x36).contains(byte) {
            [byte, 0x31].withUnsafeBytes { #expect(PacketType.split($0) == nil) }
        }
    }

    @Test func `in protocol 3 a binary packet begins with its type`() {
        let message: [UInt8] = [4, 0, 1, 2]
        message.withUnsafeBytes { #expect(PacketType.splitBinary($0).map { Array($0) } == [0, 1, 2]) }
        for first in UInt8.min...UInt8.max where first != 4 {
            [first, 1].withUnsafeBytes { #expect(PacketType.splitBinary($0) == nil) }
        }
        #expect(PacketType.splitBinary(UnsafeRawBufferPointer(start: nil, count: 0)) == nil)
    }

    @Test(
        arguments: [
            ("b4", []), ("b4AQIDBA==", [1, 2, 3, 4]), ("b4/+8=", [0xff, 0xef]), ("b", nil), ("b4A", nil),
            ("b4!!!!", nil),
            ("b2AQ==", nil), ("4b4AQ==", nil), ("", nil), ("bAQIDBA==", nil),
        ] as [(String, [UInt8]?)])
    func `in protocol 3 binary may come as text`(wire: String, data: [UInt8]?) {
        Array(wire.utf8).withUnsafeBytes {
            #expect(PacketType.splitBase64($0).map { Array($0.readableBytesView) } == data)
        }
    }
}

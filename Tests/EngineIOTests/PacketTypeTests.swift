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
}

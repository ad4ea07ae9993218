import EngineIO
import NIOCore
import Randomness
import Testing

@Suite struct PayloadReaderTests {
    /// All items as text (`B` and hexadecimal bytes for binary), and the error that ended them.
    private func read(_ body: [UInt8]) -> (items: [String], error: PayloadError?) {
        body.withUnsafeBytes { bytes in
            var items: [String] = []
            var reader = PayloadReader(bytes)
            do throws(PayloadError) {
                while let item = try reader.next() {
                    switch item {
                    case .packet(let type, let data):
                        items.append(String(UnicodeScalar(type.rawValue)) + String(decoding: data, as: UTF8.self))
                    case .binary(let buffer):
                        let bytes = buffer.readableBytesView.map { String($0, radix: 16) }
                        items.append("B" + bytes.joined(separator: " "))
                    }
                }
            } catch {
                return (items, error)
            }
            return (items, nil)
        }
    }

    private func read(_ body: String) -> (items: [String], error: PayloadError?) { read(Array(body.utf8)) }

    @Test(arguments: [
        ("4hello", ["4hello"]), ("4", ["4"]), ("1", ["1"]), ("3", ["3"]), ("3probe", ["3probe"]), ("6", ["6"]),
        ("2", ["2"]), ("5", ["5"]), ("0{}", ["0{}"]),
        ("4test1\u{1e}4test2\u{1e}4test3", ["4test1", "4test2", "4test3"]),
        ("4hello\u{1e}bAQIDBA==", ["4hello", "B1 2 3 4"]), ("bAQIDBA==\u{1e}4€\u{1e}3", ["B1 2 3 4", "4€", "3"]),
        ("b", ["B"]), ("b\u{1e}b/+8=", ["B", "Bff ef"]),
    ])
    func `payloads are read packet by packet`(body: String, items: [String]) {
        let result = read(body)
        #expect(result.items == items)
        #expect(result.error == nil)
    }

    @Test(arguments: [
        ("", [], PayloadError.emptyPacket), ("\u{1e}", [], .emptyPacket), ("4a\u{1e}", ["4a"], .emptyPacket),
        ("\u{1e}4a", [], .emptyPacket), ("4a\u{1e}\u{1e}4b", ["4a"], .emptyPacket),
        ("7", [], .unknownPacketType), ("abc", [], .unknownPacketType), ("/", [], .unknownPacketType),
        ("4a\u{1e}x\u{1e}4b", ["4a"], .unknownPacketType), ("é", [], .unknownPacketType),
        ("b!!!", [], .invalidBase64), ("bAQIDBA", [], .invalidBase64), ("4a\u{1e}bAQ=", ["4a"], .invalidBase64),
        ("bAQIDBA==\n", [], .invalidBase64),
    ])
    func `E13 reading stops at the first bad packet`(body: String, items: [String], error: PayloadError) {
        let result = read(body)
        #expect(result.items == items)
        #expect(result.error == error)
    }

    /// A stray byte, a cut sequence, a surrogate, an overlong NUL, beyond the last character.
    private static let notUTF8: [[UInt8]] = [
        [0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xf4, 0x90, 0x80, 0x80],
    ]

    @Test(arguments: notUTF8)
    func `a message that is not UTF-8 is refused`(text: [UInt8]) {
        #expect(read([0x34] + text).error == .invalidUTF8)
    }

    @Test func `every cut of a payload gives its whole packets and then the end or an error`() {
        let body = Array("4€uro\u{1e}bAQIDBA==\u{1e}3\u{1e}4last".utf8)
        let whole = read(body).items
        for length in 0..<body.count {
            let result = read(Array(body[..<length]))
            #expect(result.items.dropLast().elementsEqual(whole.prefix(max(0, result.items.count - 1))))
            #expect(result.items.count <= whole.count)
        }
    }

    @Test func `E3 a bomb of separators costs one look`() {
        let result = read([UInt8](repeating: 0x1e, count: 1_000_000))
        #expect(result.items.isEmpty)
        #expect(result.error == .emptyPacket)
    }

    @Test func `E4 control packets are limited, messages are not`() {
        let limit = PayloadReader.controlPacketLimit
        let separated = { (packet: String, count: Int) in
            Array(repeating: packet, count: count).joined(separator: "\u{1e}")
        }
        #expect(read(separated("3", limit)).error == nil)
        #expect(read(separated("3", limit + 1)).error == .tooManyControlPackets)
        #expect(read(separated("3", 500_000)).items.count == limit)
        #expect(read(separated("42[\"a\"]", 5_000)).items.count == 5_000)
        #expect(read(separated("bAQ==", 5_000)).items.count == 5_000)
        #expect(read(separated("4a\u{1e}3", limit + 1)).error == .tooManyControlPackets)
    }

    @Test func `reading can stop after any packet and go on where it stopped`() {
        var rest = Array("4a\u{1e}bAQ==\u{1e}4€".utf8)
        var offsets: [Int?] = []
        while offsets.last != .some(nil), offsets.count < 9 {
            let offset = rest.withUnsafeBytes { bytes in
                var reader = PayloadReader(bytes)
                #expect(throws: Never.self) { try reader.next() }
                return reader.nextOffset
            }
            offsets.append(offset)
            rest.removeFirst(offset ?? 0)
        }
        #expect(offsets == [3, 6, nil])
    }

    @Test func `after an error there is nothing more`() {
        [UInt8]("x\u{1e}4a".utf8).withUnsafeBytes { bytes in
            var reader = PayloadReader(bytes)
            #expect(throws: PayloadError.unknownPacketType) { try reader.next() }
            #expect((try? reader.next()) == nil)
        }
    }

    @Test func `no bytes trap`() {
        var generator = SeededRandom(seed: 30)
        let alphabet: [UInt8] = [0x1e, 0x34, 0x33, 0x62, 0x41, 0x3d, 0x2b, 0xc3, 0xa9, 0x00, 0xff]
        for _ in 0..<5_000 {
            let body = (0..<generator.below(20)).map { _ in alphabet[generator.below(alphabet.count)] }
            _ = read(body)
        }
    }

    @Test func `what is written to polls is read back`() {
        var buffer = ByteBuffer()
        let packets: [OutboundPacket] = [.text("4a€"), .binary([]), .binary([0x1e, 0xff, 0x00]), .text("4"), .ping]
        for (index, packet) in packets.enumerated() {
            if index > 0 { buffer.writeInteger(PayloadReader.separator) }
            packet.writePolling(into: &buffer)
        }
        #expect(read(Array(buffer.readableBytesView)).items == ["4a€", "B", "B1e ff 0", "4", "2"])
    }
}

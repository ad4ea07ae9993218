import EngineIO
import NIOCore
import Randomness
import Testing

@Suite struct PayloadReaderCountedTests {
    typealias Vectors = CountedPayloadVectors

    private func error(_ body: String) -> PayloadError? { Vectors.read(Array(body.utf8), .counted).error }
    private func error(_ body: [UInt8]) -> PayloadError? { Vectors.read(body, .countedBytes).error }

    @Test(arguments: Vectors.all) func `payloads of protocol 3 are read packet by packet`(vector: Vectors.Vector) {
        let result = Vectors.read(vector.wire, vector.format)
        #expect(result.items == vector.items)
        #expect(result.error == nil)
    }

    @Test(arguments: Vectors.all) func `every cut gives whole packets and then an error`(vector: Vectors.Vector) {
        for length in 0..<vector.wire.count {
            let result = Vectors.read(Array(vector.wire[..<length]), vector.format)
            #expect(result.items.elementsEqual(vector.items.prefix(result.items.count)))
            // Cut between two packets, it is a payload too.
            #expect(result.error != nil || result.items.count < vector.items.count)
        }
    }

    @Test(arguments: Vectors.all)
    func `reading can stop after any packet and go on where it stopped`(vector: Vectors.Vector) {
        var rest = vector.wire
        var items: [String] = []
        while !rest.isEmpty, items.count < 9 {
            let next = rest.withUnsafeBytes { bytes -> Int in
                var reader = PayloadReader(bytes, format: vector.format)
                if let item = try? reader.next() { items.append(Vectors.text(of: item)) }
                return reader.nextOffset ?? bytes.count
            }
            rest.removeFirst(next)
        }
        #expect(items == vector.items)
    }

    @Test(arguments: [
        "", ":", ":4a", "4a", "4hello", "a:4a", "-1:4a", "+2:4a", " 2:4a", "2 :4a", "2.0:4a", "2e0:4a", "0x2:4a",
        "02:4a", "00:", "٢:4a", "2:4a3", "2:4a:", "2:4a\n", "99999999999:4a", "18446744073709551616:4a",
    ])
    func `a length that is not plain digits and a colon is refused`(body: String) {
        #expect(error(body) == (body.isEmpty ? .emptyPacket : .invalidLength))
    }

    @Test(arguments: [
        // Too much, by one and by a lot.
        "3:4a", "9999999999:4a", "2:4a5:4abc", "1:",
        // In the middle of a character of two code units.
        "2:4😀", "4:4a😀", "3:4a😀",
    ])
    func `a length that lies is refused`(body: String) {
        let error = error(body)
        #expect(body == "4:4a😀" ? error == nil : error == .wrongLength, "\(body)")
    }

    @Test func `a length that is too small leaves a rest that is no packet`() {
        #expect(Vectors.read(Array("2:4hello".utf8), .counted).items == ["4h"])
        #expect(error("2:4hello") == .invalidLength)
        // UTF-8 bytes instead of code units: the count reaches into what follows.
        #expect(error("10:4€€€") == .wrongLength)
    }

    @Test func `a flood of digits costs ten looks`() {
        let flood = [UInt8](repeating: UInt8(ascii: "1"), count: 1_000_000)
        #expect(Vectors.read(flood, .counted).error == .invalidLength)
        #expect(error([0] + [UInt8](repeating: 1, count: 1_000_000)) == .invalidLength)
        #expect(error([1] + [UInt8](repeating: 9, count: 10) + [0xff, 4]) == .wrongLength)
    }

    @Test(arguments: [[0xff], [0xc3], [0xc0, 0x80], [0xf8], [0x80], [0xe2, 0x82], [0xf0, 0x9f, 0x98]] as [[UInt8]])
    func `code units of what is not UTF-8 are not counted`(bytes: [UInt8]) {
        for units in 1...4 {
            let body = Array("\(units + 1):4".utf8) + bytes
            #expect(Vectors.read(body, .counted).error != nil)
            #expect(Vectors.read(body, .counted).items.isEmpty)
        }
    }

    @Test func `a message whose characters are right by their first bytes only is refused`() {
        #expect(Vectors.read([0x32, 0x3a, 0x34, 0xe2, 0x41, 0x41], .counted).error == .invalidUTF8)
        // A surrogate in UTF-8, as an old client writes it that was given half a character.
        #expect(Vectors.read([0x32, 0x3a, 0x34, 0xed, 0xa0, 0x80], .counted).error == .invalidUTF8)
        #expect(error([0, 4, 0xff, 0x34, 0xed, 0xa0, 0x80]) == .invalidUTF8)
    }

    @Test(arguments: [
        ("1:7", PayloadError.unknownPacketType), ("1:x", .unknownPacketType), ("1:é", .unknownPacketType),
        ("1:b", .unknownPacketType), ("6:bAQID=", .unknownPacketType), ("2:b2", .unknownPacketType),
        ("5:b4!!!", .invalidBase64), ("4:b4AQ", .invalidBase64), ("7:b4AQID\n", .invalidBase64),
    ])
    func `a packet of no kind is refused`(body: String, error: PayloadError) {
        #expect(self.error(body) == error)
    }

    @Test func `E4 empty packets say nothing and are limited like control packets`() {
        let limit = PayloadReader.controlPacketLimit
        #expect(Vectors.read(Array("0:2:4a0:".utf8), .counted) == (["4a"], nil))
        #expect(error(String(repeating: "0:", count: limit)) == nil)
        #expect(error(String(repeating: "0:", count: 500_000)) == .tooManyControlPackets)
        #expect(error(String(repeating: "1:2", count: limit + 1)) == .tooManyControlPackets)
        #expect(Vectors.read(Array(String(repeating: "2:4a", count: 5_000).utf8), .counted).items.count == 5_000)
    }

    @Test(
        arguments: [
            ([], PayloadError.emptyPacket), ([2, 1, 0xff, 0x34], .unknownPacketType),
            ([0x30, 1, 0xff], .unknownPacketType),
            ([0], .invalidLength), ([0, 0xff, 0x34], .invalidLength), ([0, 1], .invalidLength),
            ([0, 1, 0x34], .invalidLength), ([0, 10, 0xff, 0x34], .invalidLength),
            ([0, 0x31, 0xff, 0x34], .invalidLength),
            ([0, 0, 1, 0xff, 0x34], .invalidLength), ([0, 254, 0xff, 0x34], .invalidLength),
            ([0, 2, 0xff, 0x34], .wrongLength), ([1, 9, 9, 9, 0xff, 4], .wrongLength),
            ([0, 0, 0xff], .emptyPacket), ([1, 0, 0xff], .emptyPacket),
            ([1, 2, 0xff, 2, 0], .unknownPacketType), ([1, 2, 0xff, 0x34, 0], .unknownPacketType),
            ([0, 1, 0xff, 4], .unknownPacketType), ([0, 1, 0xff, 0x34, 0xff], .unknownPacketType),
            ([0, 2, 0xff, 0x34, 0xff], .invalidUTF8),
        ] as [([UInt8], PayloadError)])
    func `bytes that are not a payload are refused`(body: [UInt8], error: PayloadError) {
        #expect(self.error(body) == error)
    }

    @Test func `base64 and control packets may stand among bytes`() {
        let body: [UInt8] = [0, 6, 0xff] + "b4AQID".utf8 + [0, 1, 0xff, 0x32]
        let result = Vectors.read(body, .countedBytes)
        #expect(result.items == ["B1 2 3", "2"])
        #expect(result.error == nil)
    }

    @Test func `no bytes trap`() {
        var generator = SeededRandom(seed: 33)
        let alphabet: [UInt8] = [
            0, 1, 2, 4, 9, 10, 0xff, 0x30, 0x31, 0x32, 0x34, 0x39, 0x3a, 0x62, 0x41, 0x3d, 0xc3, 0xa9, 0xe2, 0xf0, 0x9f,
        ]
        for _ in 0..<20_000 {
            let body = (0..<generator.below(20)).map { _ in alphabet[generator.below(alphabet.count)] }
            for format in PayloadFormat.allCases { _ = Vectors.read(body, format) }
        }
    }

    @Test func `one changed byte in a payload is another payload or an error, and never a trap`() {
        var generator = SeededRandom(seed: 34)
        for vector in Vectors.all {
            for _ in 0..<500 {
                var body = vector.wire
                body[generator.below(body.count)] = UInt8(generator.below(256))
                let result = Vectors.read(body, vector.format)
                #expect(result.items.count <= body.count)
            }
        }
    }
}

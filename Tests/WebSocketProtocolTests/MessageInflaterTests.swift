import NIOCore
import Randomness
import Testing
import WebSocketProtocol

@Suite struct MessageInflaterTests {
    private let inflater = MessageInflater()!

    private func inflate(
        _ payload: [UInt8], isText: Bool = true, limit: Int = 1_000_000, keepsContext: Bool = false
    ) throws -> [UInt8] {
        var output = ByteBuffer(string: "what was there before")
        try payload.withUnsafeBytes { bytes in
            try inflater.inflate(bytes, isText: isText, limit: limit, keepsContext: keepsContext, into: &output)
        }
        return Array(output.readableBytesView)
    }

    /// RFC 7692 section 7.2.3, in its order.
    private static let hellos: [[UInt8]] = [
        [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
        [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
        [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
        [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
    ]

    @Test(arguments: hellos)
    func `the hellos of the RFC`(payload: [UInt8]) throws {
        for _ in 0..<3 { #expect(try inflate(payload) == Array("Hello".utf8)) }
    }

    @Test func `the hello that shares a window with the one before`() throws {
        #expect(try inflate(Self.hellos[0], keepsContext: true) == Array("Hello".utf8))
        #expect(try inflate([0xF2, 0x00, 0x11, 0x00, 0x00], keepsContext: true) == Array("Hello".utf8))
        #expect(throws: WebSocketError.invalidCompression) { try inflate([0xF2, 0x00, 0x11, 0x00, 0x00]) }
    }

    @Test func `a window is also shared across a final block`() throws {
        #expect(try inflate(Self.hellos[2], keepsContext: true) == Array("Hello".utf8))
        #expect(try inflate([0xF2, 0x00, 0x11, 0x00, 0x00], keepsContext: true) == Array("Hello".utf8))
    }

    @Test func `a final block without the byte that should follow it is understood`() throws {
        #expect(try inflate(Array(Self.hellos[2].dropLast())) == Array("Hello".utf8))
        #expect(try inflate(Self.hellos[0]) == Array("Hello".utf8))
    }

    @Test func `final blocks in a row are one message`() throws {
        let final = Array(Self.hellos[2].dropLast())
        #expect(try inflate(final + final + Self.hellos[0]) == Array("HelloHelloHello".utf8))
    }

    @Test(arguments: [[0x00], [], [0x02, 0x00]] as [[UInt8]])
    func `an empty message`(payload: [UInt8]) throws {
        #expect(try inflate(payload) == [])
        #expect(try inflate(payload, limit: 0) == [])
    }

    @Test(
        arguments: [
            // A block of a reserved kind, a stored block whose lengths disagree, a distance before the start.
            [0x06], [0x07], [0xFF], [0x00, 0x05, 0x00, 0xFA, 0xFE, 0x48], [0x02, 0x08, 0x20, 0x80, 0x00],
            // Cut off: in a stored block, in a fixed one, in the header of a dynamic one.
            [0x00, 0x09, 0x00, 0xF6, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F], [0xF2, 0x48, 0xCD], [0xF2, 0x48, 0xCD, 0xC9],
            [0x05], [0x04, 0xC0],
        ] as [[UInt8]])
    func `what is not deflate or ends too early is refused`(payload: [UInt8]) throws {
        #expect(throws: WebSocketError.invalidCompression) { try inflate(payload, isText: false) }
        #expect(WebSocketError.invalidCompression.closeCode == 1007)
        // And the next message has nothing to do with it.
        #expect(try inflate(Self.hellos[0]) == Array("Hello".utf8))
    }

    @Test func `W6 inflated text has to be UTF-8 and binary does not`() throws {
        for text in UTF8Vectors.invalid {
            let packed = try #require(deflated(text + [UInt8](repeating: 0x20, count: 200)))
            #expect(throws: WebSocketError.invalidUTF8) { try inflate(packed) }
            #expect(try inflate(packed, isText: false).count == text.count + 200)
        }
        for text in UTF8Vectors.valid {
            let packed = try #require(deflated(text + [UInt8](repeating: 0x20, count: 200)))
            #expect(try inflate(packed).starts(with: text))
        }
    }

    @Test func `W6 text that ends inside a character is refused`() throws {
        let packed = try #require(deflated([UInt8](repeating: 0x41, count: 300) + [0xC3]))
        #expect(throws: WebSocketError.invalidUTF8) { try inflate(packed) }
    }

    @Test func `W6 W11 bad text fails at once however much would follow`() throws {
        let packed = try #require(deflated([0xFF] + [UInt8](repeating: 0, count: 10 << 20)))
        // With a limit beyond the message nothing but the text can stop it.
        var output = ByteBuffer()
        #expect(throws: WebSocketError.invalidUTF8) {
            try packed.withUnsafeBytes { bytes in
                try inflater.inflate(bytes, isText: true, limit: 1 << 30, into: &output)
            }
        }
        #expect(output.readableBytes <= 32_768)
    }

    @Test func `W11 the limit is for what comes out and holds to the byte`() throws {
        for size in [0, 1, 100, 32_767, 32_768, 32_769, 70_000] {
            let packed = try #require(deflated([UInt8](repeating: 0x41, count: size + 64)))
            #expect(try inflate(packed, limit: size + 64).count == size + 64)
            #expect(throws: WebSocketError.messageTooBig) { try inflate(packed, limit: size + 63) }
        }
    }

    @Test func `W11 ten megabytes of zeros from ten kilobytes cost no more than the limit and 32 KiB`() throws {
        let bomb = try #require(deflated([UInt8](repeating: 0, count: 10 << 20)))
        #expect(bomb.count < 64 << 10)
        var output = ByteBuffer()
        #expect(throws: WebSocketError.messageTooBig) {
            try bomb.withUnsafeBytes { bytes in
                try inflater.inflate(bytes, isText: false, limit: 1_000_000, into: &output)
            }
        }
        #expect(output.readableBytes <= 1_000_000 + 32_768)
        #expect(output.capacity <= 4 << 20)
    }

    @Test func `W11 a payload of nothing but empty final blocks ends`() throws {
        let empty = [UInt8](repeating: 0, count: 0) + [0x03, 0x00]
        let many = Array(repeatElement(empty, count: 100_000).joined())
        #expect(try inflate(many) == [])
    }

    @Test func `random bytes never trap`() throws {
        for seed in 0..<3_000 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            let count = Int.random(in: 0..<200, using: &random)
            let payload = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let result = try? inflate(payload, isText: seed % 2 == 0, limit: 5_000, keepsContext: seed % 3 == 0)
            #expect((result ?? []).count <= 5_000)
        }
        #expect(try inflate(Self.hellos[0]) == Array("Hello".utf8))
    }

    private func deflated(_ bytes: [UInt8]) -> [UInt8]? {
        var output = ByteBuffer()
        guard let deflater = MessageDeflater(), bytes.withUnsafeBytes({ deflater.deflate($0, into: &output) }) else {
            return nil
        }
        return Array(output.readableBytesView)
    }
}

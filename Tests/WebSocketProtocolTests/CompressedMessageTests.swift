import NIOCore
import Randomness
import Testing
import WebSocketProtocol

/// Streams with compressed messages, as a decoder and the inflater behind it see them.
@Suite struct CompressedMessageTests {
    private static let limits = FrameDecoder.Limits(maxMessageSize: 20_000, allowsCompression: true)
    private static let hello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]

    private func verdict(_ frames: [ClientFrame], rounds: Int = 8) -> StreamVerdict {
        StreamVerdict.of(frames.bytes, limits: Self.limits, inflates: true, rounds: rounds)
    }

    private func compressed(_ opcode: UInt8, _ payload: [UInt8], final isFinal: Bool = true) -> ClientFrame {
        ClientFrame(opcode: opcode, payload: payload, isFinal: isFinal, reserved: 4)
    }

    private func deflated(_ bytes: [UInt8]) throws -> [UInt8] {
        var output = ByteBuffer()
        let deflater = try #require(MessageDeflater())
        try #require(bytes.withUnsafeBytes { deflater.deflate($0, into: &output) })
        return Array(output.readableBytesView)
    }

    @Test func `W18 the examples of RFC 7692 come out the same however they are split`() {
        let whole = compressed(1, Self.hello)
        let fragments = [compressed(1, Array(Self.hello[..<3]), final: false), .more(Array(Self.hello[3...]))]
        let text = StreamVerdict.Item.text(Array("Hello".utf8))
        #expect(verdict([whole]) == StreamVerdict([text]))
        #expect(verdict(fragments) == StreamVerdict([text]))
        #expect(verdict([whole] + fragments + [whole]) == StreamVerdict([text, text, text]))
    }

    @Test func `compressed and plain messages and control frames mix`() throws {
        let long = [UInt8](repeating: 0x62, count: 5_000)
        let packed = try deflated(long)
        let frames: [ClientFrame] = [
            .text("plain"), compressed(2, packed), .binary(long),
            compressed(2, Array(packed[..<2]), final: false), .ping([1]), .more([], final: false),
            .more(Array(packed[2...]), final: false), .pong(), .more([]), compressed(1, [0x00]), compressed(1, []),
            .close(1000),
        ]
        #expect(
            verdict(frames)
                == StreamVerdict([
                    .text(Array("plain".utf8)), .binary(long), .binary(long), .ping([1]), .pong([]), .binary(long),
                    .text([]), .text([]), .close(1000, []),
                ]))
    }

    @Test func `W2 RSV1 is for the first frame of a message and the other bits are for nobody`() {
        #expect(
            verdict([compressed(1, [0xF2], final: false), ClientFrame(opcode: 0, payload: [0x48], reserved: 4)]).error
                == .reservedBits)
        for opcode in [UInt8(8), 9, 10] { #expect(verdict([compressed(opcode, [])]).error == .reservedBits) }
        for bits in [UInt8(1), 2, 3, 5, 6, 7] {
            #expect(verdict([ClientFrame(opcode: 1, payload: Self.hello, reserved: bits)]).error == .reservedBits)
        }
    }

    @Test func `W6 the UTF-8 of compressed text is checked when it is whole`() throws {
        let good = Array("κόσμε ".utf8) + [UInt8](repeating: 0x20, count: 64)
        let packed = try deflated(good)
        for cut in 0...packed.count {
            let frames = [compressed(1, Array(packed[..<cut]), final: false), .more(Array(packed[cut...]))]
            #expect(verdict(frames, rounds: 2) == StreamVerdict([.text(good)]))
        }
        let bad = try deflated(good + [0xED, 0xA0, 0x80])
        #expect(verdict([compressed(1, bad)]).error == .invalidUTF8)
        #expect(verdict([compressed(2, bad)]).error == nil)
    }

    @Test func `W11 the limit is for the inflated message`() throws {
        #expect(verdict([compressed(2, try deflated([UInt8](repeating: 0, count: 20_000)))], rounds: 2).error == nil)
        #expect(
            verdict([compressed(2, try deflated([UInt8](repeating: 0, count: 20_001)))], rounds: 2).error
                == .messageTooBig)
    }

    @Test func `W5 noise of the allowed size is allowed although compression makes it longer`() {
        var random = SeededRandom(seed: 3)
        let noise = (0..<20_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        // Stored blocks of 127 bytes, the shortest that zlib makes.
        var payload: [UInt8] = []
        for start in stride(from: 0, to: noise.count, by: 127) {
            let block = noise[start..<min(start + 127, noise.count)]
            let count = UInt8(block.count)
            payload += [0x00, count, 0x00, ~count, 0xFF] + block
        }
        payload.append(0x00)
        #expect(verdict([compressed(2, payload)], rounds: 2) == StreamVerdict([.binary(noise)]))
        let tooLong = compressed(2, [UInt8](repeating: 0, count: 20_000 + 20_000 / 16 + 65))
        #expect(verdict([tooLong], rounds: 2).error == .messageTooBig)
    }

    @Test func `W8 fragments of compressed messages have the same bounds`() {
        var frames = [compressed(2, [], final: false)]
        for _ in 0..<1_024 { frames.append(.more([], final: false)) }
        #expect(verdict(frames, rounds: 1).error == .tooManyFragments)
    }

    @Test func `W18 mutated compressed streams never trap and do not depend on the split`() throws {
        let texts = try ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "κόσμε κόσμε κόσμε κόσμε κόσμε κόσμε"].map {
            try deflated(Array($0.utf8))
        }
        for seed in 0..<800 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var frames: [ClientFrame] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let packed = texts[Int.random(in: 0..<2, using: &random)]
                let cut = Int.random(in: 0...packed.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: frames.append(compressed(UInt8.random(in: 1...2, using: &random), packed))
                case 1: frames.append(.ping(Array(packed)))
                default:
                    frames.append(compressed(1, Array(packed[..<cut]), final: false))
                    frames.append(.more(Array(packed[cut...])))
                }
            }
            var bytes = frames.bytes
            for _ in 0..<Int(seed % 3) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            let verdict = StreamVerdict.of(bytes, limits: Self.limits, inflates: true, rounds: 3)
            if seed % 3 == 0 { #expect(verdict.error == nil, "seed \(seed)") }
        }
    }
}

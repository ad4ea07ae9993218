import CZlib
import NIOCore
import Randomness
import Testing
import WebSocketProtocol

@Suite struct MessageDeflaterTests {
    private static let samples: [[UInt8]] = [
        Array(repeating: 0x61, count: 100),
        Array(#"{"event":"said","args":["room:lobby","hello hello hello hello hello hello hello","hello"]}"#.utf8),
        (0..<40_000).map { UInt8(truncatingIfNeeded: $0 / 7 % 61) },
        (0..<300_000).map { UInt8(truncatingIfNeeded: ($0 &* $0) >> 9 & 0x1F) },
    ]

    @Test(arguments: samples, 8...15)
    func `what is deflated inflates to the same`(sample: [UInt8], windowBits: Int) throws {
        let deflater = try #require(MessageDeflater(windowBits: windowBits))
        let inflater = try #require(MessageInflater())
        for keepsContext in [false, true] {
            for _ in 0..<3 {
                let packed = try #require(deflater.packed(sample, keepsContext: keepsContext))
                #expect(packed.count < sample.count)
                #expect(try inflater.unpacked(packed, keepsContext: keepsContext) == sample)
            }
        }
    }

    @Test func `each message by itself is the same bytes every time and with context later ones are shorter`() throws {
        let deflater = try #require(MessageDeflater())
        let alone = (0..<3).map { _ in deflater.packed(Self.samples[2]) }
        #expect(alone[0] == alone[1] && alone[1] == alone[2])
        let kept = try (0..<3).map { _ in try #require(deflater.packed(Self.samples[2], keepsContext: true)) }
        #expect(kept[2].count < kept[0].count)
    }

    @Test func `W13 with a window of 8 bits nothing refers back by more than 256 bytes`() throws {
        // The same 300 bytes again and again: every reference wants to reach 300 bytes back, or further.
        var random = SeededRandom(seed: 8)
        let piece = (0..<300).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let near = piece.prefix(240)
        let message = Array((piece + near + near + piece + near + near + Array(piece.prefix(100))))
        let deflater = try #require(MessageDeflater(windowBits: 8))
        let packed = try #require(deflater.packed(message))
        #expect(try inflateStrictly(packed, windowBits: 8) == message)
        // The check itself sees a reference that goes further.
        let wide = try #require(MessageDeflater(windowBits: 15)?.packed(message))
        #expect(wide.count < packed.count)
        #expect((try? inflateStrictly(wide, windowBits: 8)) == nil)
    }

    @Test func `what gets no shorter is left alone`() throws {
        let deflater = try #require(MessageDeflater())
        var random = SeededRandom(seed: 1)
        for count in [0, 1, 5, 60, 1_000, 70_000] {
            let noise = (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            #expect(deflater.packed(noise) == nil)
            #expect(deflater.packed(noise, keepsContext: true) == nil)
        }
    }

    @Test func `after a message that was left alone nothing refers to it`() throws {
        let deflater = try #require(MessageDeflater())
        let inflater = try #require(MessageInflater())
        var random = SeededRandom(seed: 2)
        let noise = (0..<1_000).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        let first = try #require(deflater.packed(Self.samples[1], keepsContext: true))
        #expect(deflater.packed(noise, keepsContext: true) == nil)
        let second = try #require(deflater.packed(noise + noise, keepsContext: true))
        #expect(try inflater.unpacked(first, keepsContext: true) == Self.samples[1])
        #expect(try inflater.unpacked(second, keepsContext: true) == noise + noise)
    }

    /// Inflates byte by byte, so that only what zlib keeps as its window can be referred to.
    private func inflateStrictly(_ payload: [UInt8], windowBits: CInt) throws -> [UInt8] {
        struct Failed: Error {}
        var stream = z_stream()
        #expect(gatehouse_inflate_init(&stream, -windowBits) == Z_OK)
        defer { inflateEnd(&stream) }
        var input = payload + [0x00, 0x00, 0xFF, 0xFF]
        var result: [UInt8] = []
        try input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            while true {
                var byte: UInt8 = 0
                let status = withUnsafeMutablePointer(to: &byte) { place in
                    stream.next_out = place
                    stream.avail_out = 1
                    return inflate(&stream, Z_SYNC_FLUSH)
                }
                guard status == Z_OK || status == Z_BUF_ERROR else { throw Failed() }
                if stream.avail_out == 1 { return }
                result.append(byte)
            }
        }
        return result
    }
}

extension MessageDeflater {
    fileprivate func packed(_ payload: [UInt8], keepsContext: Bool = false) -> [UInt8]? {
        var output = ByteBuffer(string: "before")
        guard payload.withUnsafeBytes({ deflate($0, keepsContext: keepsContext, into: &output) }) else {
            #expect(output == ByteBuffer(string: "before"))
            return nil
        }
        #expect(output.readString(length: 6) == "before")
        return Array(output.readableBytesView)
    }
}

extension MessageInflater {
    fileprivate func unpacked(_ payload: [UInt8], keepsContext: Bool) throws -> [UInt8] {
        var output = ByteBuffer()
        try payload.withUnsafeBytes {
            try inflate($0, isText: false, limit: 1_000_000, keepsContext: keepsContext, into: &output)
        }
        return Array(output.readableBytesView)
    }
}

import EngineIO
import NIOCore
import Randomness
import Testing

@Suite struct PayloadWriterTests {
    typealias Vectors = CountedPayloadVectors

    @Test(arguments: Vectors.all) func `payloads of protocol 3 are written as they are read`(vector: Vectors.Vector) {
        var writer = PayloadWriter(vector.format, limit: .max)
        var buffer = ByteBuffer()
        for item in vector.items { #expect(writer.write(Vectors.packet(item, vector.format), into: &buffer)) }
        #expect(Array(buffer.readableBytesView) == vector.wire)
    }

    @Test(arguments: PayloadFormat.allCases) func `what does not fit is not written`(format: PayloadFormat) {
        var writer = PayloadWriter(format, limit: 40)
        var buffer = ByteBuffer()
        var count = 0
        #expect(writer.isEmpty)
        while writer.write(.text("4hello"), into: &buffer) { count += 1 }
        #expect(count >= 2)
        #expect(buffer.readableBytes <= 40)
        let written = buffer
        #expect(!writer.write(.text("4hello"), into: &buffer))
        #expect(buffer == written)
    }

    @Test(arguments: PayloadFormat.allCases) func `the first packet is written whatever its length`(
        format: PayloadFormat
    ) {
        var writer = PayloadWriter(format, limit: 1)
        var buffer = ByteBuffer()
        let wrote = [writer.write(.text("4hello"), into: &buffer), writer.write(.noop, into: &buffer)]
        #expect(wrote == [true, false])
        #expect(Vectors.read(Array(buffer.readableBytesView), format).items == ["4hello"])
    }

    @Test(arguments: PayloadFormat.allCases) func `a packet alone is a payload`(format: PayloadFormat) {
        for type in PacketType.allCases {
            let payload = type.payload(format)
            let result = Vectors.read(Array(payload.readableBytesView), format)
            #expect(result.items == [String(UnicodeScalar(type.rawValue))])
        }
        #expect(PacketType.noop.payload(.counted).text == "1:6")
        #expect(PacketType.close.payload(.separated).text == "1")
    }

    @Test func `what is written is read back, whatever it is`() {
        var generator = SeededRandom(seed: 35)
        let characters = ["a", "é", "€", "😀", "\u{1e}", ":", "9", "\u{0}"]
        for _ in 0..<500 {
            let items = (0..<(1 + generator.below(6))).map { _ in
                generator.oneIn(4)
                    ? "B"
                        + (0..<generator.below(30)).map { _ in String(generator.below(256), radix: 16) }.joined(
                            separator: " ")
                    : "4" + (0..<generator.below(30)).map { _ in characters[generator.below(8)] }.joined()
            }
            for format in [PayloadFormat.counted, .countedBytes] {
                var writer = PayloadWriter(format, limit: .max)
                var buffer = ByteBuffer()
                for item in items { _ = writer.write(Vectors.packet(item, format), into: &buffer) }
                let result = Vectors.read(Array(buffer.readableBytesView), format)
                #expect(result.items == items)
                #expect(result.error == nil)
            }
        }
    }
}

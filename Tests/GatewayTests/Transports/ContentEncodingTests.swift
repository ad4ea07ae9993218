import CZlib
import NIOCore
import Testing

@testable import Gateway

@Suite struct ContentEncodingTests {
    @Test(arguments: [
        ("gzip", ContentEncoding.gzip), ("gzip, deflate, br", .gzip), ("deflate", .deflate),
        ("br, deflate;q=0.5", .deflate),
        ("gzip;q=0, deflate", .deflate), ("*", .gzip), ("GZIP", .gzip), ("br", nil), ("", nil), ("identity", nil),
        ("gzip;q=0", nil),
    ])
    func `the best of what is allowed is chosen`(field: String, expected: ContentEncoding?) {
        #expect(ContentEncoding(accepting: field) == expected)
    }

    @Test func `what is compressed inflates to the same bytes`() throws {
        let body = ByteBuffer(string: String(repeating: "4hello ", count: 1_000))
        for encoding in [ContentEncoding.gzip, .deflate] {
            var compressed = try #require(Compressor().compress(body, encoding))
            #expect(compressed.readableBytes < 200)
            var stream = z_stream()
            // 32 added to the window bits: the format is recognised by itself (zlib.h, inflateInit2).
            #expect(inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, CInt(MemoryLayout<z_stream>.size)) == Z_OK)
            defer { inflateEnd(&stream) }
            var output = [UInt8](repeating: 0, count: 10_000)
            let count = compressed.withUnsafeMutableReadableBytes { input in
                output.withUnsafeMutableBytes { space in
                    stream.next_in = input.bindMemory(to: UInt8.self).baseAddress
                    stream.avail_in = UInt32(input.count)
                    stream.next_out = space.bindMemory(to: UInt8.self).baseAddress
                    stream.avail_out = UInt32(space.count)
                    #expect(inflate(&stream, Z_FINISH) == Z_STREAM_END)
                    return space.count - Int(stream.avail_out)
                }
            }
            #expect(Array(output.prefix(count)) == Array(body.readableBytesView))
        }
    }

    @Test func `what does not become smaller is left alone`() {
        #expect(Compressor().compress(ByteBuffer(string: "x"), .gzip) == nil)
    }
}

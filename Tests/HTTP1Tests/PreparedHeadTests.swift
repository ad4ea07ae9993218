import HTTP1
import NIOCore
import Testing

@Suite struct PreparedHeadTests {
    @Test(arguments: [0, 1, 9, 10, 99, 100, 12_345, 1_000_000, .max])
    func `a prepared head is the head that would be written`(length: Int) throws {
        for version in [RequestHead.Version.http10, .http11] {
            for keepAlive in [true, false] {
                let headers = [("Content-Type", "text/plain; charset=UTF-8"), ("Cache-Control", "no-store")]
                var expected = ByteBuffer()
                try ResponseHead.write(
                    status: 200, headers: headers, contentLength: length, keepAlive: keepAlive, version: version,
                    into: &expected)
                var buffer = ByteBuffer()
                let head = try PreparedHead(status: 200, headers: headers, keepAlive: keepAlive, version: version)
                head.write(contentLength: length, into: &buffer)
                #expect(buffer == expected)
            }
        }
    }

    @Test(arguments: ["", "ok", String(repeating: "x", count: 70_000)])
    func `a prepared head goes before its body`(text: String) throws {
        let head = try PreparedHead(status: 200, keepAlive: true)
        var expected = ByteBuffer(string: "before")
        head.write(contentLength: text.utf8.count, into: &expected)
        expected.writeString(text)
        var buffer = ByteBuffer(string: "before")
        ByteBuffer(string: text).withUnsafeReadableBytes { head.write(body: $0, into: &buffer) }
        #expect(buffer == expected)
    }
}

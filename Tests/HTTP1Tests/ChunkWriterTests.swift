import HTTP1
import NIOCore
import Testing

@Suite struct ChunkWriterTests {
    @Test func `what is written is what is read`() throws {
        var wire = ByteBuffer(string: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        let pieces = ["a", "", String(repeating: "b", count: 300), "\r\n"]
        for piece in pieces { ChunkWriter.write(ByteBuffer(string: piece), into: &wire) }
        ChunkWriter.writeEnd(into: &wire)
        let verdict = ConnectionVerdict.of(Array(wire.readableBytesView))
        #expect(verdict.requests.first?.body == Array(pieces.joined().utf8))
        #expect(verdict.requests.first?.isComplete == true)
    }
}

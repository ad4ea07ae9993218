import HTTP1
import NIOCore
import Testing

@Suite struct ResponseHeadTests {
    private func written(_ write: (inout ByteBuffer) throws -> Void) rethrows -> String {
        var buffer = ByteBuffer()
        try write(&buffer)
        return String(buffer: buffer)
    }

    @Test func `heads`() throws {
        #expect(
            try written {
                try ResponseHead.write(
                    status: 200, headers: [("Content-Type", "text/plain"), ("X", "")], contentLength: 120,
                    keepAlive: true, into: &$0)
            } == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX: \r\nContent-Length: 120\r\n\r\n")
        #expect(
            try written {
                try ResponseHead.write(status: 400, headers: [], contentLength: 0, keepAlive: false, into: &$0)
            }
                == "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        #expect(
            try written {
                try ResponseHead.write(status: 204, headers: [], contentLength: 0, keepAlive: true, into: &$0)
            }
                == "HTTP/1.1 204 No Content\r\n\r\n")
        #expect(
            try written {
                try ResponseHead.write(
                    status: 200, headers: [], contentLength: nil, keepAlive: true, version: .http10, into: &$0)
            } == "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n")
        #expect(
            try written { try ResponseHead.write(status: 299, headers: [], body: .chunked, keepAlive: true, into: &$0) }
                == "HTTP/1.1 299 \r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(written { ResponseHead.writeContinue(into: &$0) } == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test(arguments: [
        ("X", "a\r\nSet-Cookie: b"), ("X", "a\n"), ("X", "\r"), ("X", "a\u{0}"), ("X", "\u{7F}"), ("X", "\u{1B}[0m"),
        ("X\r\nY", "a"), ("X: y", "a"), ("", "a"), ("X ", "a"), ("é", "a"), ("X\u{0}", "a"), ("X\n", "a"),
    ])
    func `H16 nothing that could end a line is written`(name: String, value: String) {
        var buffer = ByteBuffer(string: "before")
        #expect(throws: ResponseHead.Refusal.field) {
            try ResponseHead.write(
                status: 200, headers: [("A", "b"), (name, value)], contentLength: 1, keepAlive: true, into: &buffer)
        }
        #expect(String(buffer: buffer) == "before")
        #expect(throws: ResponseHead.Refusal.field) {
            _ = try PreparedHead(status: 200, headers: [(name, value)], keepAlive: true)
        }
    }

    @Test func `H16 every byte of a value`() {
        for byte in UInt8.min..<0x80 {
            let value = String(decoding: [UInt8(ascii: "a"), byte, UInt8(ascii: "b")], as: UTF8.self)
            #expect(ResponseHead.isValue(value) == (byte == 9 || (byte >= 0x20 && byte != 0x7F)))
        }
        #expect(ResponseHead.isValue("é 😀"))
    }

    @Test(arguments: ["Content-Length", "transfer-encoding", "Connection"])
    func `H16 how a message ends is not the caller's to say`(name: String) {
        var buffer = ByteBuffer()
        #expect(throws: ResponseHead.Refusal.reservedField) {
            try ResponseHead.write(
                status: 200, headers: [(name, "1")], contentLength: 1, keepAlive: true, into: &buffer)
        }
        #expect(buffer.readableBytes == 0)
    }

    @Test(arguments: [0, 1, 99, 100, 101, 199, 600, 999, 1_000, -1, .max])
    func `H26 statuses that would open a tunnel or make no sense are refused`(status: Int) {
        var buffer = ByteBuffer()
        #expect(throws: ResponseHead.Refusal.status) {
            try ResponseHead.write(status: status, headers: [], contentLength: 1, keepAlive: true, into: &buffer)
        }
    }

    @Test func `every refusal of a request can be answered`() throws {
        let errors: [RequestError] = [
            .badLineEnd, .badRequestLine, .badTarget, .badField, .foldedField, .badHost, .badContentLength,
            .conflictingLength, .badTransferEncoding, .badChunk, .badTrailer, .badUpgrade, .repeatedQueryKey, .timeout,
            .bodyTooLarge, .targetTooLong, .encodedBody, .badExpectation, .upgradeRequired, .fieldTooLong,
            .tooManyFields,
            .headTooLong, .unknownTransferCoding, .unsupportedVersion,
        ]
        for error in errors {
            let head = try written {
                try ResponseHead.write(status: error.status, headers: [], contentLength: 0, keepAlive: false, into: &$0)
            }
            #expect(!head.hasPrefix("HTTP/1.1 \(error.status) \r\n"), "\(error) has no phrase")
            #expect(!error.reason.contains("\n"))
        }
        #expect(Set(errors.map(\.status)) == [400, 408, 413, 414, 415, 417, 426, 431, 501, 505])
    }
}

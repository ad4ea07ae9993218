import HTTP1
import NIOCore
import Testing

@Suite struct HeadersTests {
    private func headers(_ lines: String) throws -> Headers {
        var parser = RequestParser()
        var input = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\n")
        guard case .head(let head) = try parser.next(&input) else { throw RequestError.timeout }
        return head.headers
    }

    @Test func `names match in any case and values come in order`() throws {
        let headers = try headers("Accept: a\r\naccept: b\r\nACCEPT:c\r\nX-Forwarded-For:\t1.2.3.4 \r\nE:")
        #expect(headers.first("accept") == "a")
        #expect(headers.values(of: "accept") == ["a", "b", "c"])
        #expect(headers.count(of: "accept") == 3)
        #expect(headers.first("x-forwarded-for") == "1.2.3.4")
        #expect(headers.first("e") == "")
        #expect(headers.first("accep") == nil)
        #expect(headers.first("") == nil)
        #expect(headers.values(of: "none") == [])
        #expect(headers.count == 6)
        #expect(headers.map(\.name) == ["Host", "Accept", "accept", "ACCEPT", "X-Forwarded-For", "E"])
    }

    @Test func `bytes are exactly what was received`() throws {
        let headers = try headers("X: a\u{E9}b  ")
        #expect(headers.bytes(of: "x") == ByteBuffer(string: "a\u{E9}b"))
        #expect(headers.bytes(of: "y") == nil)
    }

    @Test func `headers outlive the input`() throws {
        var parser = RequestParser()
        var input = ByteBuffer(string: "GET /p?q=1 HTTP/1.1\r\nHost: a\r\nKey: value\r\n\r\n")
        guard case .head(let head) = try parser.next(&input) else { return }
        input.clear()
        input.writeString(String(repeating: "x", count: 500))
        #expect(head.headers.first("key") == "value")
        #expect(head.path == "/p")
        #expect(head.rawQuery == "q=1")
        #expect(head.query.first("q") == "1")
    }
}

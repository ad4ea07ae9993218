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

    @Test func `a value is looked at without a string`() throws {
        let headers = try headers("Content-Type: Application/Octet-Stream; x=1\r\nShort: app\r\nEmpty:")
        #expect(headers.value(of: "content-type", hasPrefix: "application/octet-stream"))
        #expect(!headers.value(of: "content-type", hasPrefix: "text/plain"))
        #expect(!headers.value(of: "short", hasPrefix: "application/octet-stream"))
        #expect(!headers.value(of: "missing", hasPrefix: "a"))
        #expect(headers.withValue(of: "short") { $0.elementsEqual("app".utf8) } == true)
        #expect(headers.withValue(of: "empty") { $0.count } == 0)
        #expect(headers.withValue(of: "missing") { $0.count } == nil)
    }

    @Test func `names of any length are found, also those 64 bytes apart`() throws {
        let names = (1...130).map { String(repeating: "n", count: $0) }
        let all = try names.map { try self.headers("\($0): \($0.count)") }
        for (headers, name) in zip(all, names) {
            for other in names { #expect((headers.first(other) != nil) == (other == name)) }
            #expect(headers.first(name) == "\(name.count)")
        }
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

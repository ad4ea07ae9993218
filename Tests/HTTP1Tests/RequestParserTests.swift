import HTTP1
import NIOCore
import Testing

@Suite struct RequestParserTests {
    // MARK: What is fine

    @Test func `a browser's polling request`() throws {
        let verdict = ConnectionVerdict.of(
            "GET /socket.io/?EIO=4&transport=polling&t=abc HTTP/1.1\r\nHost: example.com:8080\r\n"
                + "User-Agent: Mozilla/5.0 (X11; Linux)\tx\r\nAccept:*/*\r\nX-Empty:\r\nOrigin:  http://a  \r\n\r\n")
        #expect(verdict.error == nil)
        let request = try #require(verdict.requests.first)
        #expect(verdict.requests.count == 1)
        #expect(request.method == "GET")
        #expect(request.target == "/socket.io/?EIO=4&transport=polling&t=abc")
        #expect(request.path == "/socket.io/")
        #expect(
            request.fields == [
                ["Host", "example.com:8080"], ["User-Agent", "Mozilla/5.0 (X11; Linux)\tx"], ["Accept", "*/*"],
                ["X-Empty", ""], ["Origin", "http://a"],
            ])
        #expect(request.framing == .none)
        #expect(request.flags == [.keepAlive])
        #expect(request.isComplete)
    }

    @Test func `pipelined requests come in order and one empty line between them is no offence`() {
        let verdict = ConnectionVerdict.of(
            "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
                + "\r\nPOST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nfoo\r\n2;x=y\r\nba\r\n0\r\n\r\n"
                + "GET /c HTTP/1.0\r\n\r\n" + "DELETE /d HTTP/1.1\r\nhost: a\r\nconnection: CLOSE\r\n\r\n")
        #expect(verdict.error == nil)
        #expect(verdict.requests.map(\.target) == ["/a", "/b", "/c", "/d"])
        #expect(verdict.requests.map(\.body) == [Array("hello".utf8), Array("fooba".utf8), [], []])
        #expect(verdict.requests.map(\.framing) == [.length(5), .chunked, .none, .none])
        #expect(verdict.requests.map { $0.flags.contains(.keepAlive) } == [true, true, false, false])
        #expect(verdict.requests.map(\.isComplete) == [true, true, true, true])
    }

    @Test func `a second empty line is an offence`() {
        #expect(ConnectionVerdict.of("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n").status == 400)
    }

    @Test func `an incomplete request says nothing`() {
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        for count in 0..<bytes.count {
            let verdict = ConnectionVerdict.of(Array(bytes[..<count]), rounds: 1)
            #expect(verdict.requests.isEmpty && verdict.error == nil)
        }
    }

    @Test func `the parser knows whether a request has begun`() throws {
        var parser = RequestParser()
        var input = ByteBuffer(string: "GET / HT")
        var seen = [parser.isBetweenRequests]
        _ = try parser.next(&input)
        seen.append(parser.isBetweenRequests)
        input.writeString("TP/1.1\r\nHost: a\r\n\r\n")
        _ = try parser.next(&input)
        seen.append(parser.isBetweenRequests)
        _ = try parser.next(&input)
        seen.append(parser.isBetweenRequests)
        #expect(seen == [true, false, false, true])
    }

    @Test func `all slices of a body share the memory of the input`() throws {
        var parser = RequestParser()
        var input = ByteBuffer(string: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGET")
        guard case .head = try parser.next(&input), case .body(let body) = try parser.next(&input) else {
            Issue.record("no body")
            return
        }
        let same = body.withUnsafeReadableBytes { bytes in
            input.withUnsafeReadableBytes { rest in bytes.baseAddress! + 4 == rest.baseAddress! }
        }
        #expect(same)
    }

    // MARK: Memory that serves again

    private static func head(_ lines: String, by parser: inout RequestParser) throws -> RequestHead {
        var input = ByteBuffer(string: lines + "\r\n\r\n")
        guard case .head(let head) = try parser.next(&input), case .end = try parser.next(&input) else {
            throw RequestError.badRequestLine
        }
        return head
    }

    @Test func `a head in memory that served another has nothing of that`() throws {
        var parser = RequestParser()
        parser.reuse(try Self.head("GET /long?path HTTP/1.1\r\nHost: a\r\nOrigin: http://a\r\nCookie: b", by: &parser))
        let head = try Self.head("GET /b HTTP/1.1\r\nhost: b", by: &parser)
        #expect(head.headers.map { [$0.name, $0.value] } == [["host", "b"]])
        #expect(head.headers.first("origin") == nil && head.headers.count(of: "cookie") == 0)
        #expect(head.path == "/b" && !head.hasQuery)
    }

    @Test func `a head that somebody holds stays as it was`() throws {
        var parser = RequestParser()
        let held = try Self.head("GET /a HTTP/1.1\r\nHost: a\r\nOrigin: http://a", by: &parser)
        parser.reuse(held)
        let other = try Self.head("GET /b HTTP/1.1\r\nHost: b\r\nCookie: c\r\nX: y", by: &parser)
        #expect(held.headers.map { [$0.name, $0.value] } == [["Host", "a"], ["Origin", "http://a"]])
        #expect(other.headers.map(\.name) == ["Host", "Cookie", "X"])
    }

    @Test func `memory that comes back while a head is on its way is left alone`() throws {
        var parser = RequestParser()
        let first = try Self.head("GET /a HTTP/1.1\r\nHost: a\r\nCookie: c", by: &parser)
        var input = ByteBuffer(string: "GET /b HTTP/1.1\r\nHost: b\r\nOri")
        #expect(try parser.next(&input) == nil)
        parser.reuse(first)
        parser.releaseMemory()
        input.writeString("gin: http://b\r\n\r\n")
        guard case .head(let head) = try parser.next(&input) else { throw RequestError.badRequestLine }
        #expect(head.headers.map { [$0.name, $0.value] } == [["Host", "b"], ["Origin", "http://b"]])
    }

    @Test func `a head that was refused leaves nothing for the next connection's`() throws {
        var parser = RequestParser()
        parser.reuse(try Self.head("GET /a HTTP/1.1\r\nHost: a", by: &parser))
        #expect(throws: RequestError.self) { try Self.head("GET /a HTTP/1.1\r\nHost : a", by: &parser) }
    }

    // MARK: H1-H4

    @Test(arguments: [
        "Content-Length: 4\r\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "transfer-encoding: Chunked\r\ncontent-length: 0",
    ])
    func `H1 content length together with transfer encoding is refused and nothing after it is read`(lines: String) {
        let verdict = ConnectionVerdict.ofFields(lines, body: "0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(verdict == .refused(.conflictingLength))
    }

    @Test(arguments: [
        "Content-Length: 5\r\nContent-Length: 5", "Content-Length: 5\r\nX: y\r\ncontent-LENGTH: 6",
        "Content-Length: 5, 5", "Content-Length: 5, 6", "Content-Length: 5,5",
    ])
    func `H2 a repeated content length is refused even when equal`(lines: String) {
        #expect(ConnectionVerdict.ofFields(lines, body: "hello") == .refused(.badContentLength))
    }

    @Test(arguments: [
        "+5", "-1", "-0", "0x5", "5_0", "5 5", "", " ", "99999999999999999999", "9223372036854775808",
        "18446744073709551616", "5.0", "5e0", "5;", "٥", "\u{FF15}", "5\t5", "0000000000000000000005", "a",
    ])
    func `H3 a content length is digits that fit`(value: String) {
        #expect(ConnectionVerdict.ofFields("Content-Length: \(value)", body: "hello") == .refused(.badContentLength))
    }

    @Test func `H3 the largest content length fits and is too large`() {
        let verdict = ConnectionVerdict.ofFields("Content-Length: 9223372036854775807")
        #expect(verdict.requests.first?.framing == .length(.max))
        #expect(verdict.error == .bodyTooLarge)
        #expect(ConnectionVerdict.ofFields("Content-Length: 0005 ", body: "hello").error == nil)
    }

    @Test(arguments: [
        "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked, identity", "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "Transfer-Encoding: \u{0B}chunked",
        "Transfer-Encoding: \u{A0}chunked", "Transfer-Encoding: chunked\r\n ,identity",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: chunked;q=1", "Transfer-Encoding: \"chunked\"", "Transfer-Encoding: chunked,",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: ", "Transfer-Encoding: chun\tked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", "Transfer-Encoding : chunked",
        "Transfer_Encoding: chunked\r\nTransfer-Encoding: cow", "X: y\r\n\tTransfer-Encoding: chunked",
    ])
    func `H4 a transfer encoding is exactly one chunked`(lines: String) {
        let verdict = ConnectionVerdict.ofFields(lines, body: "0\r\n\r\n")
        #expect(verdict.requests.isEmpty)
        #expect(verdict.status == 400 || verdict.status == 501)
    }

    @Test func `H4 a byte that only looks like a blank is not one`() {
        let bytes =
            Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ".utf8) + [0xA0] + Array("chunked\r\n\r\n".utf8)
        #expect(ConnectionVerdict.of(bytes) == .refused(.unknownTransferCoding))
    }

    @Test func `H4 there is no transfer encoding in HTTP 1-0`() {
        let verdict = ConnectionVerdict.ofFields("Transfer-Encoding: chunked", version: "1.0", body: "0\r\n\r\n")
        #expect(verdict == .refused(.badTransferEncoding))
    }

    // MARK: H6-H9

    @Test(arguments: [
        ("Content-Length : 34", RequestError.badField), ("Content-Length\t: 34", .badField), (": empty", .badField),
        ("no colon", .badField), ("nocolon", .badField), ("A: b\r\n c", .foldedField), ("A: b\r\n\tc: d", .foldedField),
        ("A: b\r\n ", .foldedField), ("(a): b", .badField), ("a b: c", .badField), ("é: b", .badField),
    ])
    func `H6 blanks around names and folded lines are refused`(lines: String, expected: RequestError) {
        #expect(ConnectionVerdict.ofFields(lines) == .refused(expected))
    }

    @Test(arguments: ["\t", " "])
    func `H6 a blank before the first field is refused`(blank: String) {
        let verdict = ConnectionVerdict.of("GET / HTTP/1.1\r\n\(blank)Content-Length: 1\r\nHost: a\r\n\r\n")
        #expect(verdict == .refused(.foldedField))
    }

    @Test func `H7 only CR LF ends a line, wherever it stands`() {
        let lines = [
            "POST / HTTP/1.1", "Host: a", "A: b", "Transfer-Encoding: chunked", "", "3;a=b", "abc", "0", "T: x", "",
        ]
        let text = Array(lines.joined(separator: "\r\n").utf8) + [13, 10]
        #expect(ConnectionVerdict.of(text).requests.first?.isComplete == true)
        let ends = text.indices.filter { text[$0] == 13 }
        #expect(ends.count == lines.count)
        // Bare LF, bare CR before the next line and before a full line end, LF CR, CR CR LF, CR X.
        for replacement in [[10], [13], [10, 13], [13, 13, 10], [13, 88], [13, 0, 10], [11, 10], [12], [0x85]]
            as [[UInt8]]
        {
            for end in ends {
                var bytes = text
                bytes.replaceSubrange(end..<(end + 2), with: replacement)
                // A letter makes the last line end matter: without one the parser would wait for it.
                let verdict = ConnectionVerdict.of(bytes + Array("GET / HTTP/1.1\r\nHost: b\r\n\r\n".utf8), rounds: 2)
                let isRefused = verdict.status == 400 || (verdict.status == 501 && replacement == [0x85])
                #expect(isRefused, "\(replacement) at \(end): \(verdict)")
                #expect(verdict.requests.count <= 1)
            }
        }
    }

    @Test func `H7 a bare CR or LF is refused at once and not when a line end follows`() {
        for end in ["\n", "\rX", "\r\n\rX", "\r\n\n"] {
            #expect(ConnectionVerdict.of("GET / HTTP/1.1\(end)").status == 400)
            #expect(ConnectionVerdict.of("GET / HTTP/1.1\r\nHost: a\(end)").status == 400)
        }
    }

    @Test func `H8 only token bytes pass in a name`() {
        let allowed = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for byte in UInt8.min...UInt8.max {
            for (before, after) in [("", "bc"), ("a", "c"), ("ab", "")] {
                let name = Array(before.utf8) + [byte] + Array(after.utf8)
                let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n".utf8) + name + Array(": v\r\n\r\n".utf8)
                let verdict = ConnectionVerdict.of(bytes, rounds: 1)
                // A colon ends the name instead; at the start there is none then.
                let isFine = allowed.contains(byte) || (byte == 0x3A && before != "")
                #expect((verdict.error == nil) == isFine, "\(byte) after \(before)")
                #expect(isFine || verdict.status == 400)
            }
        }
    }

    @Test func `H8 only visible bytes, blanks and bytes beyond ASCII pass in a value`() {
        for byte in UInt8.min...UInt8.max {
            for (before, after) in [("", "bc"), ("a", "c"), ("ab", ""), ("1234567890", "1234567890")] {
                let value = Array(before.utf8) + [byte] + Array(after.utf8)
                let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + value + Array("\r\n\r\n".utf8)
                let verdict = ConnectionVerdict.of(bytes, rounds: 1)
                let isFine = byte == 0x09 || (byte >= 0x20 && byte != 0x7F)
                #expect((verdict.error == nil) == isFine, "\(byte) after \(before)")
                #expect(isFine || verdict.status == 400)
            }
        }
    }

    @Test func `H9 a hundred fields are fine and one more is not`() {
        let fields = (1..<100).map { "F\($0): \($0)" }.joined(separator: "\r\n")
        #expect(ConnectionVerdict.ofFields(fields).requests.first?.fields.count == 100)
        #expect(ConnectionVerdict.ofFields(fields + "\r\nmore: 1") == .refused(.tooManyFields))
    }

    @Test func `H9 a field of 8 KiB is fine and one byte more is not`() {
        let value = String(repeating: "v", count: 8_192 - 3)
        #expect(ConnectionVerdict.ofFields("X: " + value).error == nil)
        #expect(ConnectionVerdict.ofFields("X: " + value + "v") == .refused(.fieldTooLong))
        #expect(ConnectionVerdict.of("GET / HTTP/1.1\r\n" + String(repeating: "n", count: 8_193)).status == 431)
        #expect(ConnectionVerdict.of("GET / HTTP/1.1\r\nX: " + String(repeating: "\t", count: 8_193)).status == 431)
    }

    @Test func `H9 a header block of 32 KiB is fine and one byte more is not`() {
        func request(_ size: Int) -> String {
            var block = "Host: a\r\n"
            for _ in 0..<4 { block += "X: " + String(repeating: "v", count: 7_995) + "\r\n" }
            block += "Y: " + String(repeating: "v", count: size - block.utf8.count - 3 - 2 - 2) + "\r\n\r\n"
            #expect(block.utf8.count == size)
            return "GET / HTTP/1.1\r\n" + block
        }
        #expect(ConnectionVerdict.of(request(32_768)).error == nil)
        #expect(ConnectionVerdict.of(request(32_769)) == .refused(.headTooLong))
    }

    @Test func `H9 a flood of tiny fields ends at the limit`() {
        let flood = "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "a:b\r\n", count: 300_000)
        #expect(
            ConnectionVerdict(Array(flood.utf8), limits: .init(), bodyLimit: nil) { 1_000 } == .refused(.tooManyFields))
    }

    // MARK: H10

    @Test func `H10 a head that comes byte by byte costs linear time`() {
        // Reading a megabyte again for every byte would take minutes.
        let limits = RequestParser.Limits(maxHeaderBlock: 1 << 21, maxFields: 1 << 20, maxField: 1 << 20)
        let value = String(repeating: "v", count: 500_000)
        let many = String(repeating: "a: b\r\n", count: 50_000)
        let bytes = Array("GET / HTTP/1.1\r\nHost: a\r\nX: \(value)\r\n\(many)\r\n".utf8)
        let start = ContinuousClock.now
        let verdict = ConnectionVerdict(bytes, limits: limits, bodyLimit: nil) { 1 }
        #expect(verdict.requests.first?.fields.count == 50_002)
        #expect(ContinuousClock.now - start < .seconds(30))
    }

    // MARK: H14, H15

    @Test(arguments: [
        "Content-Length: 4", "Transfer-Encoding: chunked",
    ])
    func `H14 an upgrade has no body`(line: String) {
        let verdict = ConnectionVerdict.ofFields(
            "Connection: Upgrade\r\nUpgrade: websocket\r\n" + line, method: "GET", body: "test")
        #expect(verdict == .refused(.badUpgrade))
    }

    @Test func `H14 a GET may have a body, for the owner to throw away`() {
        let verdict = ConnectionVerdict.ofFields(
            "Content-Length: 4", method: "GET", body: "testGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(verdict.requests.map(\.body) == [Array("test".utf8), []])
    }

    @Test func `H15 whatever follows an upgrade is kept exactly once`() {
        let frame: [UInt8] = [0x81, 0x80, 13, 10, 13, 10]
        let head = "GET /ws?a HTTP/1.1\r\nHost: a\r\nUpgrade: x, WebSocket\r\nConnection: keep-alive, Upgrade\r\n\r\n"
        let verdict = ConnectionVerdict.of(Array(head.utf8) + frame)
        #expect(verdict.requests.first?.flags == [.keepAlive, .isWebSocketUpgrade])
        #expect(verdict.requests.first?.isComplete == true)
        #expect(verdict.upgraded == frame)
    }

    @Test func `H24 an upgrade is a GET of HTTP 1-1`() {
        let lines = "Connection: Upgrade\r\nUpgrade: websocket"
        #expect(ConnectionVerdict.ofFields(lines, method: "POST") == .refused(.badUpgrade))
        #expect(ConnectionVerdict.ofFields(lines, method: "GET", version: "1.0") == .refused(.badUpgrade))
    }

    // MARK: H21

    @Test func `H21 a body that is announced too large is refused before it is read`() throws {
        var parser = RequestParser()
        var input = ByteBuffer(string: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000001\r\n\r\nx")
        _ = try parser.next(&input)
        let refusal = error(&parser, &input)
        #expect(refusal == .bodyTooLarge)
        #expect(input.readableBytes == 1)
    }

    private func error(_ parser: inout RequestParser, _ input: inout ByteBuffer) -> RequestError? {
        do throws(RequestError) {
            _ = try parser.next(&input)
            return nil
        } catch {
            return error
        }
    }

    @Test func `H21 the limit is the owner's and counts data only`() {
        let announced = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789"
        #expect(ConnectionVerdict.of(announced, bodyLimit: 10).error == nil)
        #expect(ConnectionVerdict.of(announced, bodyLimit: 9).error == .bodyTooLarge)
        #expect(ConnectionVerdict.of(announced, bodyLimit: 9).requests.first?.body == [])
        let chunked =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n"
        #expect(ConnectionVerdict.of(chunked, bodyLimit: 10).requests.first?.isComplete == true)
        #expect(ConnectionVerdict.of(chunked, bodyLimit: 9).error == .bodyTooLarge)
        #expect(ConnectionVerdict.of(chunked, bodyLimit: 9).requests.first?.body.count == 5)
        #expect(ConnectionVerdict.of(chunked, bodyLimit: 0).status == 413)
    }

    @Test func `H21 the limit of one request is not the limit of the next`() throws {
        var parser = RequestParser()
        let request = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
        var input = ByteBuffer(string: request + request)
        guard case .head = try parser.next(&input) else { return }
        let fits = parser.limitBody(to: 3)
        #expect(fits)
        _ = try parser.next(&input)
        guard case .end = try parser.next(&input), case .head = try parser.next(&input) else {
            Issue.record("no second request")
            return
        }
        guard case .body = try parser.next(&input) else {
            Issue.record("no second body")
            return
        }
    }

    @Test func `H21 H23 the owner learns before it says continue that the body is too large`() throws {
        var parser = RequestParser()
        var input = ByteBuffer(
            string: "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 11\r\n\r\n")
        guard case .head(let head) = try parser.next(&input) else { return }
        #expect(head.expectsContinue)
        let fitsExactly = parser.limitBody(to: 11)
        #expect(fitsExactly)
        let fitsNoMore = parser.limitBody(to: 10)
        #expect(!fitsNoMore)
        let refusal = error(&parser, &input)
        #expect(refusal == .bodyTooLarge)
    }

    // MARK: After the end

    @Test func `whatever follows a refused request is ignored`() throws {
        var parser = RequestParser()
        var input = ByteBuffer(string: "BAD\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        let refusal = error(&parser, &input)
        #expect(refusal == .badRequestLine)
        let more = try parser.next(&input)
        if more != nil { Issue.record("something after the end") }
        #expect(input.readableBytes == 0)
    }
}

extension ConnectionVerdict {
    /// Nothing but a refusal.
    static func refused(_ error: RequestError) -> ConnectionVerdict {
        var verdict = ConnectionVerdict([], limits: .init(), bodyLimit: nil) { 1 }
        verdict.error = error
        return verdict
    }
}

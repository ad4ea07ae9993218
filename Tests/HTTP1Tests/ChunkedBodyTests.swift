import HTTP1
import Testing

@Suite struct ChunkedBodyTests {
    private func verdict(_ body: String) -> ConnectionVerdict {
        ConnectionVerdict.ofFields("Transfer-Encoding: chunked", body: body)
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"), ("00000005\r\nhello\r\n00\r\n\r\n", "hello"),
        ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"), ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "abc"), ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ("3;a=b;c=\"d;e\"\r\nfoo\r\n0;x\r\n\r\n", "foo"), ("3;\ta\r\nfoo\r\n0\r\n\r\n", "foo"),
        ("3\r\nfoo\r\n0\r\nX-Checksum: 1\r\nY: \r\n\r\n", "foo"),
    ])
    func `chunks become a body`(wire: String, body: String) {
        let verdict = verdict(wire)
        #expect(verdict.error == nil)
        #expect(verdict.requests.first?.body == Array(body.utf8))
        #expect(verdict.requests.first?.isComplete == true)
    }

    @Test(arguments: [
        "0_2e\r\n", "0x10\r\n", "-1\r\n", "+1\r\n", "\r\n", ";a\r\n", "FFFFFFFFFFFFFFFFF\r\n", "000000001\r\na\r\n",
        "100000000\r\n", "g\r\n", " 5\r\n", "5 \r\n", "5 ;a\r\n", "5\u{A0}\r\n", "5,\r\n", "5\t\r\n", "5;é\r\n",
        "5=\r\n",
    ])
    func `H5 a chunk size is at most eight digits`(wire: String) {
        #expect(verdict(wire + "hello\r\n0\r\n\r\n").error == .badChunk)
    }

    @Test(
        arguments: [
            "5\nhello\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n",
            "5\r\nhelloX\r\n0\r\n\r\n", "5\rhello\r\n0\r\n\r\n", "5;a\nhello\r\n0\r\n\r\n", "5;a\r\rhello", "0\r\n\n",
            "0\n\r\n", "5;a\u{0}\r\n", "5;a\u{7F}\r\n", "0\r\n\rX",
        ])
    func `H5 only CR LF ends a chunk line and a chunk`(wire: String) {
        #expect(verdict(wire).status == 400)
    }

    @Test func `H5 extensions have at most 256 bytes`() {
        let long = ";" + String(repeating: "e", count: 255)
        #expect(verdict("1\(long)\r\na\r\n0\r\n\r\n").error == nil)
        #expect(verdict("1\(long)e\r\na\r\n0\r\n\r\n").error == .badChunk)
        #expect(verdict("00000001\(long)e\r\na\r\n0\r\n\r\n").error == .badChunk)
        let flood =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;"
            + String(repeating: "e", count: 1 << 20)
        #expect(ConnectionVerdict(Array(flood.utf8), limits: .init(), bodyLimit: nil) { 1_000 }.error == .badChunk)
    }

    @Test func `H5 extensions may not outweigh the data for long`() {
        let chunk = "1;" + String(repeating: "e", count: 200) + "\r\na\r\n"
        #expect(verdict(String(repeating: chunk, count: 80)).error == nil)
        #expect(verdict(String(repeating: chunk, count: 100)).error == .badChunk)
        #expect(verdict(String(repeating: "1\r\na\r\n", count: 20_000)).error == nil)
    }

    @Test func `H5 trailers have at most 4 KiB`() {
        func trailers(_ size: Int) -> String {
            "0\r\nA: 1\r\nX: " + String(repeating: "v", count: size - 6 - 3 - 4) + "\r\n\r\n"
        }
        #expect(verdict(trailers(4_096)).requests.first?.isComplete == true)
        #expect(verdict(trailers(4_097)).error == .badTrailer)
        #expect(verdict("0\r\n" + String(repeating: "a:b\r\n", count: 1_000)).status == 400)
        #expect(verdict("0\r\nX: " + String(repeating: "v", count: 5_000)).status == 400)
    }

    @Test(arguments: ["nocolon", "A : b", " A: b", "é: b", ": b", "A: \u{0}", "A: b\r\n c"])
    func `H5 trailers are fields`(line: String) {
        #expect(verdict("0\r\n\(line)\r\n\r\n").status == 400)
    }

    @Test func `H5 what stands in a trailer has no effect`() {
        let verdict = verdict("0\r\nContent-Length: 5\r\nHost: b\r\n\r\nGET /y HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(verdict.requests.map(\.target) == ["/x", "/y"])
        #expect(verdict.requests.first?.fields.count == 2)
    }
}

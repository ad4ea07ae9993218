import HTTP1
import NIOCore
import Testing

@Suite struct QueryTests {
    private func head(_ target: String) throws -> RequestHead {
        var parser = RequestParser()
        var input = ByteBuffer(string: "GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n")
        guard case .head(let head) = try parser.next(&input) else { throw RequestError.timeout }
        return head
    }

    @Test func `pairs are decoded once, in order`() throws {
        let query = try head("/s?a=1&b=%2541&c=x+y%2Bz&&=e&f&g=h=i&%61=2&k=%ff%c3%a9").query
        #expect(
            query.map { [$0.key, $0.value] } == [
                ["a", "1"], ["b", "%41"], ["c", "x y+z"], ["", "e"], ["f", ""], ["g", "h=i"], ["a", "2"],
                ["k", "\u{FFFD}é"],
            ])
    }

    @Test func `H17 polling is polling however it is written`() throws {
        #expect(try head("/?transport=%70olling").query.single("transport") == "polling")
    }

    @Test(arguments: ["/?sid=a&sid=b", "/?sid=a&sid=a", "/?sid=a&%73id=b", "/?sid&sid"])
    func `H17 a control key that is there twice is refused`(target: String) throws {
        let query = try head(target).query
        #expect(throws: RequestError.repeatedQueryKey) { try query.single("sid") }
        #expect(RequestError.repeatedQueryKey.status == 400)
    }

    @Test func `a missing key is nil`() throws {
        #expect(try head("/?SID=a").query.single("sid") == nil)
        #expect(try head("/").query.first("sid") == nil)
        #expect(try head("/").rawQuery == nil)
        #expect(try head("/?").rawQuery == "")
        #expect(try head("/?").query.map(\.key) == [])
        #expect(try head("/?a?b=c").query.first("a?b") == "c")
    }

    @Test func `E1 keys of a prototype are nothing special`() throws {
        #expect(try head("/?transport=__proto__&__proto__=x").query.single("transport") == "__proto__")
    }
}

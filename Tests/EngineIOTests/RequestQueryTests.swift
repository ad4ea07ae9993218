import EngineIO
import Randomness
import Testing

@Suite struct RequestQueryTests {
    @Test func `a handshake query is understood`() throws {
        let query = try RequestQuery(parsing: "EIO=4&transport=polling&t=OyX1")
        #expect(query.revision == .four)
        #expect(query.transport == .polling)
        #expect(query.sid == nil)
        #expect(query.parameters.isEmpty)
    }

    @Test func `an empty query says nothing`() throws {
        let query = try RequestQuery(parsing: "")
        #expect(query.revision == .three)
        #expect(query.transport == nil)
        #expect(query.sid == nil)
    }

    @Test func `control keys and values are percent-decoded once`() throws {
        let query = try RequestQuery(parsing: "%45IO=%34&transport=%70olling&sid=a%2525b&x=%2525")
        #expect(query.revision == .four)
        #expect(query.transport == .polling)
        #expect(query.sid == "a%25b")
        #expect(query.first("x") == "%25")
    }

    @Test(arguments: ["3", "5", "04", "4 ", "44", "", "__proto__", "99999999999999999999", "%34%34"])
    func `E14 any other version counts as 3`(value: String) throws {
        guard !value.contains(" ") else {
            #expect(throws: ProtocolError.badRequest) { try RequestQuery(parsing: "EIO=\(value)") }
            return
        }
        #expect(try RequestQuery(parsing: "EIO=\(value)&transport=polling").revision == .three)
    }

    @Test(arguments: ["__proto__", "toString", "", "Polling", "websocket%20", "webtransport", "constructor"])
    func `E1 a transport that does not exist is none`(value: String) throws {
        #expect(try RequestQuery(parsing: "EIO=4&transport=\(value)").transport == nil)
    }

    @Test func `E1 a strange sid is only a string`() throws {
        #expect(try RequestQuery(parsing: "sid=__proto__").sid == "__proto__")
        #expect(try RequestQuery(parsing: "sid=toString&transport=polling").sid == "toString")
        #expect(try RequestQuery(parsing: "sid=").sid == nil)
    }

    @Test(arguments: [
        "sid=a&sid=b", "sid=a&sid=a", "sid=&sid=a", "s%69d=a&sid=b", "transport=polling&transport=websocket",
        "EIO=4&EIO=3", "transport=x&transport=polling",
        "%", "a=%", "a=%4", "a=%zz", "%4=a", "a=%00", "sid=%00", "a=%+1", "a=%0x", "a b", "a=\u{7f}", "a=\r\n",
        "a=\u{0}", "a=%ff", "a=%c3", "a=%ed%a0%80",
    ])
    func `what is doubled or ill-formed is refused`(raw: String) {
        #expect(throws: ProtocolError.badRequest) { try RequestQuery(parsing: raw) }
    }

    @Test func `E13 JSONP is refused`() {
        #expect(throws: ProtocolError.badRequest) { try RequestQuery(parsing: "EIO=4&transport=polling&j=0") }
        #expect(throws: ProtocolError.badRequest) { try RequestQuery(parsing: "EIO=4&transport=polling&%6a=0") }
    }

    @Test func `parameters of the application are kept in order, doubles and all`() throws {
        let query = try RequestQuery(parsing: "&room=a+b&b64=1&EIO=4&t=1&t=2&&room=%C3%A9&flag&=x&e=a=b&")
        #expect(
            query.parameters == [
                .init(name: "room", value: "a b"), .init(name: "room", value: "é"), .init(name: "flag", value: ""),
                .init(name: "e", value: "a=b"),
            ])
        #expect(query.first("room") == "a b")
        #expect(query.first("nothing") == nil)
    }

    @Test func `the number of parameters is bounded`() throws {
        let most = (0..<RequestQuery.parameterLimit).map { "k\($0)=v" }.joined(separator: "&")
        #expect(try RequestQuery(parsing: most).parameters.count == RequestQuery.parameterLimit)
        #expect(throws: ProtocolError.badRequest) { try RequestQuery(parsing: most + "&k=v") }
    }

    @Test func `no bytes trap`() {
        var generator = SeededRandom(seed: 17)
        let alphabet = Array("sidtransportEIO=&%4+0aF\u{0}é;j".utf8)
        for _ in 0..<5_000 {
            let bytes = (0..<Int.random(in: 0..<24, using: &generator)).map { _ in
                alphabet.randomElement(using: &generator) ?? 0
            }
            bytes.withUnsafeBytes { _ = try? RequestQuery(parsing: $0) }
        }
    }

    @Test(arguments: [
        ("b64=1", true), ("b64=0", true), ("b64=true", true), ("b64=", false), ("b64", false), ("", false),
    ])
    func `b64 with any value asks for text`(query: String, isWanted: Bool) throws {
        #expect(try RequestQuery(parsing: "EIO=3&transport=polling&" + query).wantsBase64 == isWanted)
    }
}

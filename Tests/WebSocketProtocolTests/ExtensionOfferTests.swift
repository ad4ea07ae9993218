import Testing
import WebSocketProtocol

@Suite struct ExtensionOfferTests {
    private func parse(_ fields: String...) -> [ExtensionOffer]? { ExtensionOffer.parse(fields) }

    @Test func `offers as clients write them`() {
        #expect(parse("permessage-deflate") == [ExtensionOffer("permessage-deflate")])
        let parameters: [ExtensionOffer.Parameter] = [
            .init("client_max_window_bits"), .init("server_max_window_bits", "10"),
        ]
        let offer = ExtensionOffer("permessage-deflate", parameters)
        #expect(parse("permessage-deflate; client_max_window_bits; server_max_window_bits=10") == [offer])
        #expect(parse("permessage-deflate;client_max_window_bits;server_max_window_bits=\"10\"") == [offer])
        #expect(parse(" permessage-deflate ; client_max_window_bits ; server_max_window_bits = \"1\\0\" ") == [offer])
        #expect(
            parse("\tpermessage-deflate\t;\tclient_max_window_bits;server_max_window_bits=10, x") == [
                offer, .init("x"),
            ])
    }

    @Test func `several fields are one list and empty elements do not count`() {
        let both = [ExtensionOffer("a"), ExtensionOffer("b", [.init("c")])]
        #expect(parse("a", "b;c") == both)
        #expect(parse(", a,,", " ", "", "b;c ,") == both)
        #expect(parse() == [])
        #expect(parse("") == [])
    }

    @Test func `names of other worlds are names`() {
        #expect(
            parse("constructor, a;__proto__=toString") == [
                .init("constructor"), .init("a", [.init("__proto__", "toString")]),
            ])
    }

    @Test(arguments: [
        "a b", "a;", "a;;b", ";", "=", "a=b", "a;b=", "a;=b", "a;b=\"", "a;b=\"c", "a;b=\"\"", "a;b=\"c d\"",
        "a;b=\"c\\", "a;b=\"c\"d", "\"a\"", "a;\"b\"", "é", "a;b=é", "a;b c", "a/b", "a;b=c=d",
    ])
    func `H25 what is ill-formed fails the handshake`(field: String) {
        #expect(parse(field) == nil)
        #expect(parse("fine", field) == nil)
    }

    @Test func `H25 offers and parameters are few`() {
        let names = (0..<33).map { "a\($0)" }
        #expect(parse(names.dropLast().joined(separator: ",")) != nil)
        #expect(parse(names.joined(separator: ",")) == nil)
        #expect(ExtensionOffer.parse(names) == nil)
        #expect(parse("a;" + names.dropLast().joined(separator: ";")) != nil)
        #expect(parse("a;" + names.joined(separator: ";")) == nil)
    }

    @Test func `H25 the time is linear`() {
        let floods = [" ", ",", "\"", ";", "=", "\\", "a", "a,", "a;", ", ", "a;b=\"\\"]
        let elapsed = ContinuousClock().measure {
            for flood in floods {
                let field = String(repeating: flood, count: 65_536)
                #expect((parse(field) ?? []).count <= 32)
                #expect(parse("a; b=\"" + field) == nil)
            }
        }
        // A quadratic reader would need hours.
        #expect(elapsed < .seconds(30))
    }
}

import Testing

@testable import Identity

@Suite struct TokenSourceTests {
    private let everywhere = TokenSource(cookie: "session", query: "token")

    private func find(
        _ source: TokenSource? = nil, auth: String? = nil, header: String? = nil, cookies: String? = nil,
        query: String? = nil
    ) throws(TokenError) -> TokenSource.Found? {
        try (source ?? everywhere).token(
            authJSON: auth.map { Array($0.utf8) }, authorization: header, cookies: cookies,
            queryValue: { $0 == "token" ? query : nil })
    }

    @Test func `the places are looked at in order`() throws {
        let cookies = "a=b; session=C"
        #expect(
            try find(auth: #"{"token":"A"}"#, header: "Bearer B", cookies: cookies, query: "D")
                == .init(token: "A", place: .auth))
        #expect(
            try find(auth: "{}", header: "Bearer B", cookies: cookies, query: "D") == .init(token: "B", place: .header))
        #expect(try find(header: "Basic eA==", cookies: cookies, query: "D") == .init(token: "C", place: .cookie))
        #expect(try find(cookies: "a=b", query: "D") == .init(token: "D", place: .query))
        #expect(try find() == nil)
    }

    @Test func `cookies and the query count only when they are configured`() throws {
        #expect(try find(TokenSource(), cookies: "session=C; token=C", query: "D") == nil)
    }

    @Test(
        arguments: [nil, "{}", "null", "[]", "7", "\"x\"", #"{"token":null}"#, #"{"token":""}"#, #"{"Token":"A"}"#]
            as [String?])
    func `a payload without a token is none`(auth: String?) throws {
        #expect(try find(auth: auth) == nil)
    }

    @Test(arguments: [#"{"token":7}"#, #"{"token":["A"]}"#, #"{"token":{"token":"A"}}"#, #"{"token":true}"#, "{", ""])
    func `a token that is no text is an error, not a reason to look elsewhere`(auth: String) {
        #expect(throws: TokenError.malformed) { try find(auth: auth, header: "Bearer B") }
    }

    @Test(
        arguments: [
            ("Bearer B", "B"), ("bearer B", "B"), ("BEARER   B", "B"), ("Bearer", nil), ("Bearer ", nil),
            ("BearerB", nil),
            ("Bearer\tB", nil), ("Basic B", nil), ("", nil), (" Bearer B", nil), ("Bearer a b", "a b"),
        ] as [(String, String?)])
    func `the header carries a bearer token`(header: String, token: String?) throws {
        #expect(try find(header: header)?.token == token)
    }

    @Test(
        arguments: [
            ("session=C", "C"), ("session=\"C\"", "C"), ("a=b;session=C", "C"), ("a=b;  session=C ", "C"),
            ("session=C; session=D", "C"),
            ("session=a=b", "a=b"), ("session=", nil), ("session", nil), ("Session=C", nil), ("xsession=C", nil),
            ("session =C", nil),
            ("", nil), (";;;", nil), ("=session=C", nil), ("session=\"", "\""), ("session=\"\"", nil),
        ] as [(String, String?)])
    func `the first cookie of the name counts`(cookies: String, token: String?) throws {
        #expect(try find(cookies: cookies)?.token == token)
    }

    @Test func `a token beyond 8 KiB is refused wherever it is`() throws {
        let long = String(repeating: "x", count: 8193)
        #expect(throws: TokenError.tooLarge) { try find(auth: "{\"token\":\"\(long)\"}") }
        #expect(throws: TokenError.tooLarge) { try find(header: "Bearer \(long)") }
        #expect(throws: TokenError.tooLarge) { try find(cookies: "session=\(long)") }
        #expect(throws: TokenError.tooLarge) { try find(query: long) }
        #expect(throws: TokenError.tooLarge) { try find(auth: String(repeating: " ", count: 65_537)) }
        #expect(try find(query: String(long.dropLast()))?.token.utf8.count == 8192)
    }
}

import Testing

@testable import Gateway

@Suite struct ConnectQueryTests {
    private func json(_ query: String) -> String {
        Array(query.utf8).withUnsafeBytes { String(decoding: ConnectQuery.json($0), as: UTF8.self) }
    }

    @Test(arguments: [
        ("", "{}"), ("token=abc", #"{"token":"abc"}"#), ("a=1&b=%22x%22&c=d+e", #"{"a":"1","b":"\"x\"","c":"d e"}"#),
        ("a=1&b=2&a=3", #"{"b":"2","a":"3"}"#), ("a", #"{"a":""}"#), ("=x", #"{"":"x"}"#), ("a=b=c", #"{"a":"b=c"}"#),
        ("a=%00%", "{\"a\":\"\\u0000%\"}"), ("a=%ff", "{\"a\":\"\u{fffd}\"}"), ("&&a=1&", #"{"a":"1"}"#),
        ("__proto__=1", #"{"__proto__":"1"}"#), ("%C3%A9=1&e%CC%81=2", "{\"\u{E9}\":\"1\",\"e\u{301}\":\"2\"}"),
    ])
    func `a query reads as an object of strings`(query: String, expected: String) {
        #expect(json(query) == expected)
    }

    @Test func `of a flood of parameters few are looked at`() {
        let flood = (0..<100_000).map { "\($0)=1" }.joined(separator: "&")
        #expect(json(flood).count < 1_000)
    }
}

import Testing

@testable import LoadGenerator

@Suite struct ServerAddressTests {
    @Test(
        arguments: [
            ("http://127.0.0.1:8080", false, "127.0.0.1", 8080, "", "127.0.0.1:8080"),
            ("ws://h/x?a=b", false, "h", 80, "/x", "h"),
            ("wss://h:9000/x", true, "h", 9000, "/x", "h:9000"),
            ("HTTPS://[::1]/", true, "::1", 443, "/", "[::1]"),
        ] as [(String, Bool, String, UInt16, String, String)])
    func `URLs say where a server is`(
        _ text: String, _ isTLS: Bool, _ host: String, _ port: UInt16, _ path: String, _ authority: String
    ) throws {
        let address = try #require(ServerAddress(text))
        #expect(address.isTLS == isTLS)
        #expect(address.host == host)
        #expect(address.port == port)
        #expect(address.path == path)
        #expect(address.authority == authority)
    }

    @Test(arguments: ["", "ftp://h", "127.0.0.1:80", "http://", "http://h:0", "http://h:70000", "http//x"])
    func `what is not one is refused`(_ text: String) {
        #expect(ServerAddress(text) == nil)
    }
}

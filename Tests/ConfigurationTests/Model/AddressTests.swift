import Testing

@testable import Configuration

@Suite struct AddressTests {
    @Test(
        arguments: [
            ("127.0.0.1:8080", .host("127.0.0.1", port: 8080)), ("localhost:0", .host("localhost", port: 0)),
            ("[::1]:443", .host("::1", port: 443)), ("a-b.example.com:65535", .host("a-b.example.com", port: 65535)),
            ("unix:/run/g.sock", .unix(path: "/run/g.sock")), ("unix:g.sock", .unix(path: "g.sock")),
        ] as [(String, Address)])
    func `an address is a host and a port, or a socket file`(_ text: String, _ address: Address) {
        #expect(Address(text) == address)
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", ":", "8080", ":8080", "host:", "host:65536", "host:-1", "host:+1", "host:x", "host: 1", "::1:80", "[::1]",
        "[]:80", "[::1:80", "::1]:80", "[fe80::1%eth0]:80", "a b:80", "http://a:80", "unix:", "host:99999999999",
    ])
    func `everything else is no address`(_ text: String) {
        #expect(Address(text) == nil)
    }

    @Test func `only loopback and socket files are local`() {
        for text in ["127.0.0.1:1", "127.8.9.1:1", "[::1]:1", "localhost:1", "unix:/x"] {
            #expect(Address(text)?.isLocal == true)
        }
        for text in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "example.com:1", "128.0.0.1:1", "127.evil.com:1"] {
            #expect(Address(text)?.isLocal == false)
        }
    }
}

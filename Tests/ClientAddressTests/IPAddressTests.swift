import Randomness
import Testing

@testable import ClientAddress

@Suite struct IPAddressTests {
    @Test(
        arguments: [
            ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"), ("192.0.2.1", "192.0.2.1"),
            ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:db8::1", "2001:db8::1"),
            ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
            ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
            ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("::ffff:192.0.2.1", "192.0.2.1"), ("::FFFF:c000:201", "192.0.2.1"),
            ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"),
            ("fe80::", "fe80::"), ("1:0:0:2::3", "1:0:0:2::3"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ])
    func `an address is read and written in its shortest form`(text: String, canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(IPAddress(canonical) == address)
        #expect(IPAddress(bytes: address.bytes) == address)
    }

    @Test(
        arguments: [
            "", ".", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.", ".1.2.3", "1..2.3",
            "+1.2.3.4",
            " 1.2.3.4", "1.2.3.4 ", "1.2.3.4/8", "0x1.2.3.4", "1.2.3.1000", ":", ":::", "1:", ":1", "1:2:3:4:5:6:7",
            "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1%eth0", "[::1]", "1:2:3:4:5:6:7:8::",
            "::1:2:3:4:5:6:7:8", "1.2.3.4::", "::1.2.3", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::-1", "::+1",
            "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000", "localhost", "１.2.3.4",
        ])
    func `what is no address is refused`(text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test func `only four or sixteen bytes are an address`() {
        for count in 0...20 where count != 4 && count != 16 {
            #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil)
        }
        #expect(IPAddress(bytes: [192, 0, 2, 1] as [UInt8])?.description == "192.0.2.1")
    }

    @Test func `every address survives being written and read`() {
        var random = SeededRandom(seed: 11)
        for _ in 0..<20_000 {
            // Zeros often, so that runs of them appear in all places.
            let groups = (0..<8).map { _ in
                Bool.random(using: &random) ? UInt64.random(in: 0...0xFFFF, using: &random) : 0
            }
            let address = IPAddress(
                high: groups[..<4].reduce(0) { $0 << 16 | $1 }, low: groups[4...].reduce(0) { $0 << 16 | $1 })
            if IPAddress(address.description) != address { Issue.record("\(address)") }
        }
    }

    @Test func `arbitrary text never traps`() {
        var random = SeededRandom(seed: 12)
        let alphabet = Array("0123456789abcdefF:.[]%/ ".utf8)
        for _ in 0..<50_000 {
            let text = (0..<Int.random(in: 0...50, using: &random)).map { _ in alphabet.randomElement(using: &random)! }
            guard let address = IPAddress(ascii: text) else { continue }
            #expect(IPAddress(address.description) == address)
        }
    }
}

@Suite struct TransportAddressTests {
    @Test func `an IPv6 address is written in brackets before its port`() throws {
        let six = TransportAddress(address: try #require(IPAddress("2001:db8::1")), port: 80)
        let four = TransportAddress(address: try #require(IPAddress("::ffff:192.0.2.1")), port: 443)
        #expect(six.description == "[2001:db8::1]:80")
        #expect(four.description == "192.0.2.1:443")
    }
}

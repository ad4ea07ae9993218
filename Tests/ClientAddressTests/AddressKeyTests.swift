import Testing

@testable import ClientAddress

@Suite struct AddressKeyTests {
    private func key(_ text: String) throws -> AddressKey {
        AddressKey(try #require(IPAddress(text)))
    }

    @Test func `a hundred addresses of one IPv6 customer share a key`() throws {
        let keys = try (0..<100).map { try key("2001:db8:1:2:\(String($0 * 601, radix: 16))::\($0)") }
        #expect(Set(keys).count == 1)
        #expect(keys.first?.description == "2001:db8:1:2::/64")
    }

    @Test func `neighbouring customers do not`() throws {
        #expect(try key("2001:db8:1:2::1") != key("2001:db8:1:3::1"))
        #expect(try key("192.0.2.1") != key("192.0.2.2"))
    }

    @Test func `an IPv4 address is the same however it arrives`() throws {
        #expect(try key("192.0.2.1") == key("::ffff:192.0.2.1"))
        #expect(try key("::ffff:192.0.2.1") != key("::ffff:192.0.2.2"))
        #expect(try key("192.0.2.1").description == "192.0.2.1")
    }

    @Test func `no IPv6 network is taken for an IPv4 address`() throws {
        #expect(try key("::192.0.2.1") != key("192.0.2.1"))
        #expect(try key("0:0:c000:201::") != key("192.0.2.1"))
    }
}

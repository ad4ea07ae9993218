import Testing

@testable import Configuration

@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.0.0.1", "10.0.0.1", true),
        ("10.0.0.1", "10.0.0.2", false), ("0.0.0.0/0", "9.9.9.9", true), ("192.168.4.0/22", "192.168.7.255", true),
        ("192.168.4.0/22", "192.168.8.0", false), ("fd00::/8", "fdab::1", true), ("fd00::/8", "fe00::1", false),
        ("::1", "::1", true), ("::/0", "2001:db8::1", true), ("::/0", "1.2.3.4", false),
        ("10.0.0.0/8", "::ffff:10.1.2.3", true), ("2001:db8::/33", "2001:db8:7fff::", true),
        ("2001:db8::/33", "2001:db8:8000::", false), ("10.0.0.0/8", "nonsense", false),
    ])
    func `a network contains the addresses that share its prefix`(_ range: String, _ address: String, _ isInside: Bool)
        throws
    {
        #expect(try #require(AddressRange(range)).contains(address) == isInside)
    }

    @Test(arguments: [
        "", "/", "10", "10.0.0", "10.0.0.0.0", "256.0.0.0", "01.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1",
        "10.0.0.0/8/8", "::/129", ":::", "1::2::3", "12345::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "g::", "+1::",
        "::1%lo",
        "1:2:3:4:5:6:7:8::", "::1.2.3",
    ])
    func `everything else is no network`(_ text: String) {
        #expect(AddressRange(text) == nil)
        #expect(OptionType.TextForm.addressRange.problem(with: text) != nil)
    }

    @Test func `an address of another length is not inside`() throws {
        let range = try #require(AddressRange("10.0.0.0/8"))
        for bytes in [[], [10], [10, 0, 0], [UInt8](repeating: 10, count: 16)] as [[UInt8]] {
            #expect(!range.contains(bytes))
        }
    }
}

import Testing

@testable import OpenSSLTLS

@Suite struct ServerNameTableTests {
    private let table: ServerNameTable<String> = {
        var table = ServerNameTable<String>()
        table.add("www.Example.com", "exact")
        table.add("*.example.com", "wild")
        table.add("*.example.com", "later")
        table.add("example.org.", "dot")
        return table
    }()

    @Test(arguments: [
        ("www.example.com", "exact"), ("WWW.EXAMPLE.COM.", "exact"), ("a.example.com", "wild"), ("example.com", nil),
        ("a.b.example.com", nil), (".example.com", nil), ("example.org", "dot"), ("a.example.org", nil), ("", nil),
        (".", nil), ("*.example.com", "wild"),
    ])
    func `exact names first, then one label`(name: String, expected: String?) {
        #expect(self.table.find(name) == expected)
    }

    @Test(arguments: ["", ".", "*", "*.", "**.a", "a.*.b", "a/b", "ä.example"])
    func `what is no host name is not taken`(name: String) {
        var table = ServerNameTable<Int>()
        let isTaken = table.add(name, 1)
        #expect(!isTaken)
        #expect(table.isEmpty)
    }
}

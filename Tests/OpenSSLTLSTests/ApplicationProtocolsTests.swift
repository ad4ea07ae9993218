import Testing

@testable import OpenSSLTLS

@Suite struct ApplicationProtocolsTests {
    private func choose(_ offered: [UInt8], from names: [String] = ["http/1.1"]) -> String? {
        offered.withUnsafeBytes { bytes in
            ApplicationProtocols(names).choose(from: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
        }
    }

    private func list(_ names: String...) -> [UInt8] { names.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } }

    @Test func `ours comes first, whatever the client prefers`() {
        #expect(self.choose(self.list("h2", "http/1.1")) == "http/1.1")
        #expect(self.choose(self.list("b", "a"), from: ["a", "b"]) == "a")
    }

    @Test func `nothing in common is nil`() {
        #expect(self.choose(self.list("h2", "http/1.0")) == nil)
        #expect(self.choose([]) == nil)
        #expect(self.choose(self.list("h2"), from: []) == nil)
    }

    @Test(arguments: [[0], [1], [255, 1], [8, 1], [0, 8], [2, 104, 50, 9, 104]] as [[UInt8]])
    func `a malformed list is nil`(list: [UInt8]) {
        #expect(self.choose(list) == nil)
    }
}

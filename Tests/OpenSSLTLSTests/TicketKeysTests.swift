import Foundation
import OpenSSLTLS
import Testing

@Suite struct TicketKeysTests {
    @Test func `a file has one key or several, newest first`() throws {
        let bytes = (0..<160).map { UInt8($0) }
        let path = try TestCertificates.write("tickets.key", Data(bytes))
        #expect(try TicketKeys(contentsOf: path).keys == [Array(bytes[..<80]), Array(bytes[80...])])
    }

    @Test(arguments: [0, 1, 48, 79, 81, 80 * 17])
    func `other sizes are refused`(size: Int) throws {
        let path = try TestCertificates.write("tickets-\(size).key", Data(count: size))
        #expect(throws: TLSContextError.self) { try TicketKeys(contentsOf: path) }
        #expect(throws: TLSContextError.badTicketKeys(path: nil, byteCount: 48)) {
            try TicketKeys([[UInt8](repeating: 0, count: 48)])
        }
    }

    @Test func `a missing file is named`() {
        #expect(throws: TLSContextError.unreadable(path: "/nowhere", why: "No such file or directory")) {
            try TicketKeys(contentsOf: "/nowhere")
        }
    }

    @Test func `random keys differ`() throws {
        let keys = try (TicketKeys.random(), TicketKeys.random())
        #expect(keys.0 != keys.1)
    }
}

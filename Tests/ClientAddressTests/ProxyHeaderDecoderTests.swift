import Randomness
import Testing

@testable import ClientAddress

@Suite struct ProxyHeaderDecoderTests {
    private static let line = Array("PROXY TCP4 192.0.2.1 198.51.100.2 40000 443\r\n".utf8)
    private static let block = BlockBuilder.ipv4.bytes
    private static let next = Array("GET / HTTP/1.1\r\n".utf8)

    /// What decoding says when the bytes come `step` at a time, with how many of all of them belong to the header.
    static func decode(_ bytes: [UInt8], step: Int = .max) -> ProxyHeaderDecoder.Result {
        var decoder = ProxyHeaderDecoder()
        var offset = 0
        while offset < bytes.count {
            let piece = Array(bytes[offset..<offset + min(step, bytes.count - offset)])
            switch piece.withUnsafeBytes({ decoder.decode($0) }) {
            case .needMore: offset += piece.count
            case .done(let header, let consumed): return .done(header, consumed: offset + consumed)
            case .invalid(let error): return .invalid(error)
            }
        }
        return .needMore
    }

    @Test(arguments: [line, block], [1, 2, 3, 7, 1000])
    func `what follows the header is the client's, however the bytes are cut`(header: [UInt8], step: Int) throws {
        let result = Self.decode(header + Self.next, step: step)
        guard case .done(let decoded, let consumed) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(consumed == header.count)
        let forwarded = ProxyHeader.Origin.forwarded(
            source: TransportAddress(address: try #require(IPAddress("192.0.2.1")), port: 40000),
            destination: TransportAddress(address: try #require(IPAddress("198.51.100.2")), port: 443))
        #expect(decoded.origin == forwarded)
    }

    @Test(arguments: [line, block])
    func `every true prefix of a header needs more`(header: [UInt8]) {
        for length in 0..<header.count {
            #expect(Self.decode(Array(header[..<length])) == .needMore)
            #expect(Self.decode(Array(header[..<length]), step: 1) == .needMore)
        }
    }

    @Test(
        arguments: [
            "GET / HTTP/1.1\r\n\r\n", "\u{16}\u{3}\u{1}", "proxy TCP4", "PROXZ", "PROXYTCP4", "\r\n\r\nGET",
            "\r\n\r\n\u{0}\r\nQUIX", " PROXY ",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\n", "\u{0}", "P\u{0}",
        ])
    func `anything else is recognised as soon as it differs`(text: String) {
        #expect(Self.decode(Array(text.utf8)) == .invalid(.missing))
        #expect(Self.decode(Array(text.utf8), step: 1) == .invalid(.missing))
    }

    @Test func `once refused or finished it stays so`() {
        var decoder = ProxyHeaderDecoder()
        #expect(Array("GET".utf8).withUnsafeBytes { decoder.decode($0) } == .invalid(.missing))
        #expect(Self.line.withUnsafeBytes { decoder.decode($0) } == .invalid(.missing))
        decoder = ProxyHeaderDecoder()
        guard case .done = Self.line.withUnsafeBytes({ decoder.decode($0) }) else {
            Issue.record("not done")
            return
        }
        #expect(Self.line.withUnsafeBytes { decoder.decode($0) } == .invalid(.alreadyDecoded))
    }

    @Test func `no bytes are no news`() {
        var decoder = ProxyHeaderDecoder()
        #expect(decoder.decode(UnsafeRawBufferPointer(start: nil, count: 0)) == .needMore)
    }

    @Test(arguments: 1...8)
    func `arbitrary and damaged bytes never trap, and how they are cut changes nothing`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        for _ in 0..<1500 {
            var bytes = [Self.line, BlockBuilder.full.bytes, BlockBuilder.ipv6.bytes].randomElement(using: &random)!
            bytes += Self.next
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let position = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...3, using: &random) {
                case 0: bytes[position] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes[position] ^= 1 << UInt8.random(in: 0...7, using: &random)
                case 2: bytes.remove(at: position)
                default: bytes.insert(UInt8.random(in: 0...255, using: &random), at: position)
                }
            }
            let whole = Self.decode(bytes)
            let step = Int.random(in: 2...40, using: &random)
            if Self.decode(bytes, step: 1) != whole || Self.decode(bytes, step: step) != whole {
                Issue.record("\(bytes)")
            }
        }
    }

    @Test func `arbitrary blocks behind a good start never trap`() {
        var random = SeededRandom(seed: 99)
        for _ in 0..<8000 {
            let content = (0..<Int.random(in: 0...64, using: &random)).map { _ in
                // Small numbers often, so that extensions fit together.
                Bool.random(using: &random)
                    ? UInt8.random(in: 0...5, using: &random) : .random(in: 0...255, using: &random)
            }
            let family = [0x00, 0x11, 0x12, 0x21, 0x31, UInt8.random(in: 0...255, using: &random)].randomElement(
                using: &random)!
            let bytes = BlockBuilder(family: family, content: content).bytes
            if Self.decode(bytes, step: 1) != Self.decode(bytes) { Issue.record("\(bytes)") }
        }
    }
}

import HTTP1
import Randomness
import Testing

@Suite struct RequestParserFuzzTests {
    private let seeds = [
        "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n",
        "POST /x?sid=%41 HTTP/1.1\r\nHost: a:80\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
        "POST /x HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "5;a=b\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: v\r\n\r\n",
        "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
        "GET / HTTP/1.0\r\nX:\t\u{E9}\r\n\r\n",
    ].map { Array($0.utf8) }

    private let spice: [[UInt8]] = [
        [13], [10], [13, 10], [0], [9], [0x20], [0x3A], [0x2C], [0x3B], [0x25], [0x7F], [0xFF],
        Array("Host: b\r\n".utf8),
        Array("Content-Length: 9223372036854775807\r\n".utf8), Array("Transfer-Encoding: chunked\r\n".utf8),
        Array("FFFFFFFF\r\n".utf8), Array("99999999999999999999".utf8), Array("%".utf8), Array("\r\n\r\n".utf8),
        Array("0\r\n\r\n".utf8),
    ]

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `mutated connections never trap and do not depend on the split`(shard: UInt64) {
        let limits = RequestParser.Limits(
            maxURI: 60, maxHeaderBlock: 200, maxFields: 6, maxField: 60, maxChunkExtension: 8, maxTrailers: 20,
            maxBody: 40)
        for round in 0..<400 as Range<UInt64> {
            let seed = shard << 32 | round
            var random = SeededRandom(seed: seed)
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes += seeds[Int.random(in: 0..<seeds.count, using: &random)]
            }
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<6, using: &random) {
                case 0: bytes[place] = .random(in: .min ... .max, using: &random)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: spice[Int.random(in: 0..<spice.count, using: &random)], at: place)
                case 3: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 4: bytes.insert(contentsOf: bytes[place...].prefix(30), at: place)
                default: bytes.insert(contentsOf: [UInt8](repeating: bytes[place], count: 70), at: place)
                }
                if bytes.isEmpty { bytes = [0] }
            }
            let whole = ConnectionVerdict(bytes, limits: limits, bodyLimit: nil) { .max }
            for largest in [1, 2, 7, 50] {
                let split = ConnectionVerdict(bytes, limits: limits, bodyLimit: nil) {
                    Int.random(in: 1...largest, using: &random)
                }
                guard split != whole else { continue }
                Issue.record("seed \(seed), pieces up to \(largest): \(split) instead of \(whole)")
            }
            for request in whole.requests where request.body.count > 40 {
                Issue.record("seed \(seed): body over limit")
            }
        }
    }
}

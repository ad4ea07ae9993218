import Testing

@testable import Gateway

@Suite struct SessionIDTests {
    @Test(arguments: [0, 1, 2, 63, 255, 65_535])
    func `an id is read as it was written and knows its shard`(shard: Int) throws {
        var random = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let id = SessionID(shard: shard, using: &random)
            #expect(id.string.utf8.count == SessionID.length)
            let read = try #require(SessionID(id.string))
            #expect(read == id)
            #expect(read.shard == shard)
        }
    }

    @Test(arguments: [
        "", "a", "__proto__", "toString", "ldxB5Bze-leSjSIGtIswejB6x", "ldxB5Bze-leSjSIGtIswejB",
        "ldxB5Bze+leSjSIGtIswejB6", "ldxB5Bze leSjSIGtIswejB6", "ééééééééxxxx",
    ])
    func `anything else is no id`(text: String) {
        #expect(SessionID(text) == nil)
    }

    @Test func `all 128 random bits vary`() {
        var random = SystemRandomNumberGenerator()
        var ones = [Int](repeating: 0, count: SessionID.length * 8)
        for _ in 0..<2_000 {
            for (place, byte) in SessionID(shard: 3, using: &random).string.utf8.enumerated() {
                for bit in 0..<8 where byte >> UInt8(bit) & 1 == 1 { ones[place * 8 + bit] += 1 }
            }
        }
        // Some bits of ASCII never change; of the six that carry information, each does in every place.
        for place in 0..<SessionID.length {
            let varying = (0..<8).count { (200...1_800).contains(ones[place * 8 + $0]) }
            #expect(varying >= 5, "place \(place)")
        }
    }

    @Test func `the id of a socket may have its namespace before it`() throws {
        var random = SystemRandomNumberGenerator()
        let id = SessionID(shard: 3, using: &random)
        for text in [id.string, "/chat#\(id.string)", "/a#b#\(id.string)", "#\(id.string)"] {
            #expect(SessionID(socketID: text) == id)
        }
        for text in ["", "#", "/chat#", "/chat#x", "\(id.string)#", "/chat\(id.string)"] {
            #expect(SessionID(socketID: text) == nil)
        }
    }
}

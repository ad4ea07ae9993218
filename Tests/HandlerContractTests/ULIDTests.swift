import Randomness
import Testing

@testable import HandlerContract

@Suite struct ULIDTests {
    @Test(
        arguments: [
            (0, 0, "00000000000000000000000000"),
            (0, 1, "00000000000000000000000001"),
            (0, 31, "0000000000000000000000000Z"),
            (.max, .max, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"),
            (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210, "014D2PF2DBSQQZXQ5TK1V58CGG"),
        ] as [(UInt64, UInt64, String)])
    func `text and value belong together`(high: UInt64, low: UInt64, text: String) {
        let id = ULID(high: high, low: low)
        #expect(id.description == text)
        #expect(ULID(text) == id)
        #expect(ULID(text.lowercased()) == id)
    }

    @Test(arguments: [
        "", "0", "0000000000000000000000000", "000000000000000000000000000", "8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "0000000000000000000000000I", "0000000000000000000000000L", "0000000000000000000000000O",
        "0000000000000000000000000U", "0000000000000000000000000-", "000000000000000000000000é",
        "[0000000000000000000000000",
    ])
    func `anything else is no identifier`(text: String) {
        #expect(ULID(text) == nil)
    }

    @Test func `random values come back from their text and sort like it`() {
        var random = SeededRandom(seed: 7)
        var ids: [ULID] = []
        for _ in 0..<1_000 {
            let id = ULID(high: random.next(), low: random.next())
            #expect(ULID(id.description) == id)
            ids.append(id)
        }
        #expect(ids.sorted().map(\.description) == ids.map(\.description).sorted())
    }

    @Test func `handlers see a prefix that tells the kind`() throws {
        let id = try #require(ULID("01KEV6X7Q2M3RS5T8W9Y0ZABCD"))
        #expect(id.eventID == "evt_01KEV6X7Q2M3RS5T8W9Y0ZABCD")
        #expect(id.sessionID == "c_01KEV6X7Q2M3RS5T8W9Y0ZABCD")
    }
}

import Testing

@testable import Gateway

@Suite struct PageCursorTests {
    @Test(arguments: ["", "a", "ab", "abc", "room:7/ÿ?>", "0.17./tenant-é"])
    func `a cursor is safe in a query and comes back as it was`(text: String) throws {
        let cursor = PageCursor.encode(text)
        #expect(cursor.utf8.allSatisfy { $0 != 0x2B && $0 != 0x2F && $0 != 0x3D })
        #expect(PageCursor.decode(cursor) == text)
    }

    @Test func `what is none is told from one`() {
        #expect(PageCursor.decode("!") == nil)
        #expect(PageCursor.decode("_w") == nil)
        #expect(PageCursor.decode(String(repeating: "A", count: 1_025)) == nil)
    }

    @Test func `the place of a socket survives, dots in its namespace too`() {
        let place = SocketCursor(shard: 3, namespace: "/a.b.c", slot: 7)
        #expect(SocketCursor(place.text) == place)
    }

    @Test(arguments: ["", "1", "1.2", "-1.2./", "1.-2./", "1.4294967296./", "x.1./"])
    func `other texts are no place`(text: String) {
        #expect(SocketCursor(text) == nil)
    }
}

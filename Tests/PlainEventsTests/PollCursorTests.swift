import Testing

@testable import PlainEvents

@Suite struct PollCursorTests {
    private static let session = "AbCdEfGhIjKlMnOpQrSt-_09"

    @Test(
        arguments: [
            (PollCursor(session: Self.session, place: .count(0)), "\(Self.session).0"),
            (PollCursor(session: Self.session, place: .count(35)), "\(Self.session).z"),
            (PollCursor(session: Self.session, place: .count(36), offset: "e.7"), "\(Self.session).10.e.7"),
            (PollCursor(session: Self.session, place: .disconnected), "\(Self.session).disconnected"),
        ])
    func `what is written is read`(cursor: PollCursor, text: String) {
        #expect(cursor.text == text)
        #expect(PollCursor(text) == cursor)
    }

    @Test(
        arguments: [
            "", ".", "..", "x", "x.", ".0", "x.00", "x.01", "x.A", "x.+1", "x.-1", "x. 1", "x.1.", "x.é",
            "x.zzzzzzzzzzzz",
            "x.disconnected.", "x.disconnected.e.7", "x.Disconnected", "x.0\0",
            String(repeating: "x", count: 60) + ".0",
            "x.0." + String(repeating: "0", count: 1_000_000),
        ])
    func `nothing else is a cursor`(text: String) { #expect(PollCursor(text) == nil) }

    @Test func `the longest cursor is read`() {
        let offset = "zzzzzzzzzz.3w5e11264sgsf"
        let cursor = PollCursor(session: Self.session, place: .count(131_621_703_842_267_135), offset: offset)
        #expect(cursor.text.utf8.count == PollCursor.maxLength)
        #expect(PollCursor(cursor.text) == cursor)
    }

    @Test func `a text of any length costs no more than the longest cursor`() {
        let long = String(repeating: "x", count: 50_000_000)
        let time = ContinuousClock().measure { for _ in 0..<1_000 { _ = PollCursor(long) } }
        #expect(time < .seconds(1))
    }
}

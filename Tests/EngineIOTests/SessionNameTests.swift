import EngineIO
import Testing

@Suite struct SessionNameTests {
    private func name(_ text: String) -> SessionName {
        Array(text.utf8).withUnsafeBytes { SessionName($0) }
    }

    private func text(_ name: SessionName) -> String? {
        var text: String?
        name.withBytes { text = String(decoding: $0, as: UTF8.self) }
        return text
    }

    @Test func `a name says what it was made of`() {
        for length in 1...SessionName.capacity {
            let written = String((0..<length).map { Character(Unicode.Scalar(UInt8(33 + $0))) })
            #expect(text(name(written)) == written)
        }
    }

    @Test func `names are the same when their bytes are`() {
        #expect(name("abc") == "abc")
        #expect(name("abc") != "abd")
        #expect(name("abc") != "ab")
        #expect(name("a\u{0}") != "a")
        #expect(name("abc").hashValue == SessionName("abc").hashValue)
    }

    @Test func `a name that is too long is none of ours`() {
        #expect(text(name(String(repeating: "a", count: SessionName.capacity + 1))) == nil)
        #expect(text(name(String(repeating: "a", count: 8_000))) == nil)
    }
}

import JSONScanner
import Testing

@Suite struct JSONScannerStringsTests {
    private func decode(_ text: String) -> [Unicode.Scalar] {
        Array(withRawBytes(text.utf8) { JSONScanner.decodeString($0) }.unicodeScalars)
    }

    @Test func `text without escapes is itself`() {
        #expect(decode("") == [])
        #expect(decode("aé😀\u{0}") == Array("aé😀\u{0}".unicodeScalars))
    }

    @Test func `escapes are decoded`() {
        #expect(decode(#"\"\\\/\b\f\n\r\t"#) == Array("\"\\/\u{8}\u{C}\n\r\t".unicodeScalars))
        #expect(decode(#"\u0041\u00e9\u20AC\u0000"#) == Array("Aé€\u{0}".unicodeScalars))
        #expect(decode(#"x\uD83D\uDE00y"#) == ["x", "😀", "y"])
        #expect(decode(#"\udbff\udfff"#) == ["\u{10FFFF}"])
    }

    @Test func `lone surrogates become the replacement character`() {
        #expect(decode(#"\ud800"#) == ["\u{FFFD}"])
        #expect(decode(#"\udc00\ud800"#) == ["\u{FFFD}", "\u{FFFD}"])
        #expect(decode(#"\ud800\u0041"#) == ["\u{FFFD}", "A"])
        #expect(decode(#"\ud800\ud83d\ude00"#) == ["\u{FFFD}", "😀"])
        #expect(decode(#"\ud800x"#) == ["\u{FFFD}", "x"])
    }

    @Test func `what was never validated does no harm`() {
        for text in [#"\"#, #"\u"#, #"\u1"#, #"\u12G4"#, #"\ud800\"#, #"\ud800\u"#, #"\ud800\uDC0"#, #"a\q"#] {
            _ = decode(text)
        }
        #expect(withRawBytes([0xFF, 0x41]) { JSONScanner.decodeString($0) } == "\u{FFFD}A")
    }
}

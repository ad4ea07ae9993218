import Routing
import Testing

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
        ("Zm9vYmFy", "foobar"),
    ])
    func `the vectors of RFC 4648`(text: String, bytes: String) {
        #expect(Base64.decode(text) == Array(bytes.utf8))
    }

    @Test func `every digit counts`() {
        #expect(Base64.decode("AAEC") == [0, 1, 2])
        #expect(Base64.decode("/+8=") == [0xFF, 0xEF])
    }

    @Test(arguments: [
        "A", "AA", "AAA", "====", "A===", "AA=A", "AB==", "AAB=", "AA AA", "AA==\n", "AA-_", "Zm9v=", "é===",
    ])
    func `anything else is refused`(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}

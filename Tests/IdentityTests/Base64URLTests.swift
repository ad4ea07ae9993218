import Randomness
import Testing

@testable import Identity

@Suite struct Base64URLTests {
    private func decode(_ text: String) -> [UInt8]? {
        Base64URL.decode(Array(text.utf8)[...])
    }

    @Test(
        arguments: [
            ("", ""), ("Zg", "f"), ("Zm8", "fo"), ("Zm9v", "foo"), ("Zm9vYg", "foob"), ("Zm9vYmE", "fooba"),
            ("Zm9vYmFy", "foobar"), ("fn5-", "~~~"), ("Pz8_", "???"),
        ])
    func `the vectors of RFC 4648, without padding`(text: String, bytes: String) {
        #expect(decode(text) == Array(bytes.utf8))
        #expect(TestSigner.base64URL(Array(bytes.utf8)) == text)
    }

    @Test(arguments: [
        "Z", "Zg==", "Zm8=", "Zm9v\n", " Zm9v", "Zm+v", "Zm/v", "Zh", "Zm9", "Zm9vZ", "Zm\u{0}v", "Zé", "Zm.v",
    ])
    func `padding, other alphabets, blanks and loose bits are refused`(text: String) {
        #expect(decode(text) == nil)
    }

    @Test func `all bytes survive`() {
        var random = SeededRandom(seed: 3)
        for length in 0..<300 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(decode(TestSigner.base64URL(bytes)) == bytes)
        }
    }
}

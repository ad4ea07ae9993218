import EngineIO
import NIOCore
import Randomness
import Testing

@Suite struct Base64Tests {
    private func decode(_ text: String) -> [UInt8]? {
        Array(text.utf8).withUnsafeBytes { Base64.decode($0).map { Array($0.readableBytesView) } }
    }

    private func encode(_ bytes: [UInt8]) -> String {
        var buffer = ByteBuffer()
        bytes.withUnsafeBytes { Base64.encode($0, into: &buffer) }
        return buffer.text
    }

    /// RFC 4648, section 10, and one with the last two letters of the alphabet.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"), ("??>", "Pz8+"), ("???", "Pz8/"),
    ])
    func `the vectors of the standard, both ways`(plain: String, encoded: String) {
        #expect(encode(Array(plain.utf8)) == encoded)
        #expect(decode(encoded) == Array(plain.utf8))
        #expect(Base64.encodedLength(plain.utf8.count) == encoded.utf8.count)
    }

    @Test(arguments: [
        "!!!", "Zg", "Zg=", "Z", "Z===", "====", "=", "==", "Zg==Zg==", "Zm=v", "Zm9v\n", "Zm 9v", "Zm9v====", "Zm-_",
        "Zh==", "Zm9=", "Zm9vé", "Zm9v=", "=m9v", "Z=9v", "\u{0}\u{0}\u{0}\u{0}",
    ])
    func `E13 anything else is refused`(text: String) {
        #expect(decode(text) == nil)
    }

    @Test func `random bytes of every length come back`() {
        var generator = SeededRandom(seed: 4648)
        for length in 0..<200 {
            let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(decode(encode(bytes)) == bytes)
        }
    }
}

import Foundation
import Randomness
import Routing
import Testing

@testable import HandlerContract

@Suite struct Base64Tests {
    @Test func `bytes of every length read and write as in Foundation`() {
        var random = SeededRandom(seed: 3)
        for count in 0...300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = Array(Data(bytes).base64EncodedString().utf8)
            #expect(bytes.withUnsafeBytes(Base64.encode(_:)) == text)
            #expect(Base64.encodedCount(count) == text.count)
            #expect(Base64.decode(String(decoding: text, as: UTF8.self)) == bytes)
        }
    }

    @Test(arguments: [
        "A", "AA", "AAA", "A===", "====", "AA=A", "=AAA", "AAA=AAAA", "AA==AAAA", "AB==", "AAB=", "AA AA", "AAA\n",
        "AA-_",
        "AAAA=", "AAAA====", "é===", "AA=",
    ])
    func `anything but the one spelling of a value is refused`(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}

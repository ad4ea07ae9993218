import Foundation
import Testing

@testable import HandlerContract

@Suite struct SigningKeyTests {
    private func text(bytes: Int) -> String { "whsec_" + Data(repeating: 7, count: bytes).base64EncodedString() }

    @Test(arguments: 24...64)
    func `keys of 24 to 64 bytes are taken`(bytes: Int) throws {
        _ = try SigningKey(text(bytes: bytes))
    }

    @Test(arguments: [0, 1, 23, 65, 100])
    func `other lengths are not`(bytes: Int) {
        #expect(throws: SigningKeyError.wrongLength(bytes)) { try SigningKey(text(bytes: bytes)) }
    }

    @Test(arguments: [
        ("", SigningKeyError.missingPrefix), ("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", .missingPrefix),
        ("WHSEC_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3", .missingPrefix), ("whsec_", .wrongLength(0)),
        ("whsec_MDEy MzQ1", .invalidBase64), ("whsec_MDEyMzQ", .invalidBase64), ("whsec_MDEy_zQ1", .invalidBase64),
    ])
    func `what is wrong is said without showing the key`(text: String, error: SigningKeyError) {
        #expect(throws: error) { try SigningKey(text) }
        #expect(!error.reason.isEmpty && !error.reason.contains("MDEy"))
    }
}

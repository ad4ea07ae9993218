import Testing
import WebSocketProtocol

@Suite struct CloseCodeTests {
    @Test func `codes that may be sent`() {
        for code in [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999] {
            #expect(CloseCode.isAllowedOnWire(UInt16(code)), "\(code)")
        }
    }

    @Test func `W7 codes that may not be sent`() {
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
            #expect(!CloseCode.isAllowedOnWire(UInt16(code)), "\(code)")
        }
    }

    @Test func `every error has a code that may be sent`() {
        let codes: [WebSocketError: UInt16] = [
            .unmaskedFrame: 1002, .reservedBits: 1002, .reservedOpcode: 1002, .fragmentedControl: 1002,
            .controlTooLong: 1002, .unexpectedContinuation: 1002, .expectedContinuation: 1002, .nonMinimalLength: 1002,
            .lengthTooBig: 1002, .invalidClosePayload: 1002, .invalidCloseCode: 1002, .invalidUTF8: 1007,
            .messageTooBig: 1009, .tooManyFragments: 1008,
        ]
        for (error, code) in codes {
            #expect(error.closeCode == code)
            #expect(error.reason.utf8.count <= 123)
        }
    }
}

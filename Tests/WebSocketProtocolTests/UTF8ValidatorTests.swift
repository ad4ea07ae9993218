import Testing
import WebSocketProtocol

@Suite struct UTF8ValidatorTests {
    private func isValid(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { UTF8Validator.isValid($0) } }

    @Test func `vectors`() {
        for bytes in UTF8Vectors.valid { #expect(isValid(bytes), "\(bytes)") }
        for bytes in UTF8Vectors.invalid { #expect(!isValid(bytes), "\(bytes)") }
    }

    @Test func `it agrees with the standard library on every two bytes and many four`() {
        var wrong = 0
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let bytes = [first, second]
                if isValid(bytes) != (String(validating: bytes, as: UTF8.self) != nil) { wrong += 1 }
            }
        }
        let edges: [UInt8] = [0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xF5]
        for a in edges {
            for b in edges {
                for c in edges {
                    for d in edges {
                        let bytes = [a, b, c, d]
                        if isValid(bytes) != (String(validating: bytes, as: UTF8.self) != nil) { wrong += 1 }
                    }
                }
            }
        }
        #expect(wrong == 0)
    }

    @Test func `it says no at the first byte that cannot be`() {
        for bytes in UTF8Vectors.invalid {
            var validator = UTF8Validator()
            let first = bytes.firstIndex { byte in !withUnsafeBytes(of: byte) { validator.consume($0) } }
            guard let first else {
                #expect(!validator.isComplete)
                continue
            }
            // What came before can still become valid: some continuation does it.
            let tails: [[UInt8]] = [
                [], [0x80], [0xA0], [0x80, 0x80], [0xA0, 0x80], [0x90, 0x80, 0x80], [0x80, 0x80, 0x80],
            ]
            #expect(tails.contains { isValid(Array(bytes[..<first]) + $0) }, "\(bytes)")
        }
    }
}

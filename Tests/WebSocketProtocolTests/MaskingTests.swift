import Testing
import WebSocketProtocol

@Suite struct MaskingTests {
    @Test func `masking is XOR with the repeated key at any length and alignment`() {
        let key: [UInt8] = [0x01, 0x20, 0x00, 0xFF]
        let number = UInt32(0xFF00_2001)
        for count in 0..<40 {
            for start in 0..<9 {
                let original = (0..<(count + start)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
                var bytes = original
                bytes.withUnsafeMutableBytes {
                    Masking.apply(number, to: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
                }
                #expect(bytes[..<start] == original[..<start])
                #expect(Array(bytes[start...]) == (0..<count).map { original[start + $0] ^ key[$0 % 4] })
            }
        }
    }

    @Test func `a key can be applied piece by piece`() {
        let number = UInt32(0xA1B2_C3D4)
        let original = [UInt8](0..<50)
        var whole = original
        whole.withUnsafeMutableBytes { Masking.apply(number, to: $0) }
        for cut in 0...50 {
            var pieces = original
            pieces.withUnsafeMutableBytes {
                Masking.apply(number, to: UnsafeMutableRawBufferPointer(rebasing: $0[..<cut]))
                Masking.apply(
                    Masking.advance(number, by: cut), to: UnsafeMutableRawBufferPointer(rebasing: $0[cut...]))
            }
            #expect(pieces == whole)
        }
    }
}

import Testing

@testable import ClientAddress

@Suite struct CRC32CTests {
    @Test(
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0...31), 0x46DD_794E), (Array((0...31).reversed()), 0x113F_DB5C),
            (Array("123456789".utf8), 0xE306_9283),
            ([], 0),
        ] as [([UInt8], UInt32)])
    func `the examples of RFC 3720`(bytes: [UInt8], checksum: UInt32) {
        #expect(CRC32C.checksum(of: bytes) == checksum)
    }
}

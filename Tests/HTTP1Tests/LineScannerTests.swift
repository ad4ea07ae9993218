import Testing

@testable import HTTP1

@Suite struct LineScannerTests {
    @Test func `the first control character is found at every place and for every byte`() {
        for byte in UInt8.min...UInt8.max {
            let isControl = byte < 0x20 || byte == 0x7F
            for count in [1, 7, 8, 9, 16, 23] {
                for place in 0..<count {
                    var bytes = [UInt8](repeating: 0xFF, count: count)
                    for index in 0..<place { bytes[index] = [0x20, 0x80, 0xA0, 0x7E, 0xFE, 0x9F][index % 6] }
                    bytes[place] = byte
                    if place + 1 < count { bytes[place + 1] = 0x0A }
                    let found = bytes.withUnsafeBytes { LineScanner.firstControl(in: $0, from: 0) }
                    let expected = isControl ? place : min(place + 1, count)
                    if found != expected { Issue.record("\(byte) at \(place) of \(count): \(found)") }
                }
            }
        }
    }

    @Test func `the limit is exact`() throws {
        for (length, expected) in [(9, LineScanner.Result.line(0..<9)), (10, .line(0..<10)), (11, .tooLong)] {
            let bytes = [UInt8](repeating: 0x61, count: length) + [13, 10]
            var scanner = LineScanner()
            let result = try bytes.withUnsafeBytes { try scanner.next($0, limit: 10) }
            #expect(result == expected)
        }
    }
}

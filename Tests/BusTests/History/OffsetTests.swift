import Randomness
import Testing

@testable import Bus

@Suite struct OffsetTests {
    private let epoch = Epoch(rawValue: 123_456_789)!

    @Test(arguments: [0, 1, 35, 36, 1 << 53, .max] as [UInt64])
    func `an offset is read as it was written, in at most 24 characters`(sequence: UInt64) {
        for epoch in [epoch, Epoch(rawValue: 0)!, Epoch(rawValue: Epoch.count - 1)!] {
            let offset = Offset(epoch: epoch, sequence: sequence)
            #expect(offset.text.utf8.count <= Offset.maxLength)
            #expect(Offset(offset.text) == offset)
        }
    }

    @Test func `two epochs are practically never the same`() {
        var random = SeededRandom(seed: 1)
        let epochs = Set((0..<1_000).map { _ in Epoch(using: &random) })
        #expect(epochs.count == 1_000)
        #expect(Epoch(rawValue: Epoch.count) == nil)
    }

    @Test(arguments: [
        "", "0", ".", "0000000000", "0000000000.", ".0000000000", "000000000.1", "00000000000.1", "0000000000.01",
        "0000000000.00", "0000000000.A", "A000000000.1", "0000000000.-1", "0000000000.+1", "0000000000. 1",
        "0000000000.1 ", "0000000000.3w5e11264sgsg", "0000000000.zzzzzzzzzzzzz", "0000000000.1\u{0}", "0000000000,1",
        "٠000000000.1", "0000000000.1é", "\"0000000000.1\"", "1795220776638-0",
    ])
    func `anything else is not an offset`(text: String) {
        #expect(Offset(text) == nil)
    }

    @Test func `a megabyte is looked at no further than 24 characters`() {
        let long = String(repeating: "0", count: 1_000_000)
        let elapsed = ContinuousClock().measure {
            for _ in 0..<10_000 { #expect(Offset(long) == nil) }
        }
        // Reading it all would be ten billion characters.
        #expect(elapsed < .seconds(5))
    }
}

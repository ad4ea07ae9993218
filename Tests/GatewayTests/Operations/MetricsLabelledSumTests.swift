import Testing

@testable import Gateway

@Suite struct MetricsLabelledSumTests {
    @Test func `what has the same label is added up, in the order in which labels came`() {
        var sum = LabelledSum<String>()
        for (label, value) in [("b", 1), ("a", 2), ("b", 3)] as [(String, UInt64)] { sum.add(value, label) }
        #expect(sum.entries.map(\.label) == ["b", "a"])
        #expect(sum.entries.map(\.value) == [4, 2])
    }
}

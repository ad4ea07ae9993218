import Foundation
import Testing

@testable import LoadGenerator

@Suite struct HistogramPictureTests {
    private var histogram: LatencyHistogram {
        var histogram = LatencyHistogram()
        for _ in 0..<75 { histogram.record(150_000) }
        for _ in 0..<25 { histogram.record(2_500_000) }
        return histogram
    }

    @Test func `every value is in one line, and the fullest line is the longest`() {
        let lines = HistogramPicture(self.histogram).lines(width: 20)
        #expect(lines.count == 7)
        #expect(lines.first?.contains("≤ 200 µs") == true)
        #expect(lines.first?.contains(String(repeating: "█", count: 20)) == true)
        #expect(lines.first?.hasSuffix("75.00 %  75") == true)
        #expect(lines.last?.hasSuffix("25.00 %  25") == true)
        #expect(lines.dropFirst().dropLast().allSatisfy { $0.hasSuffix(" 0") })
    }

    @Test func `the picture is well-formed XML, whatever the title`() {
        let svg = HistogramPicture(self.histogram).svg(title: "a < b & c")
        let parser = XMLProbe(svg)
        #expect(parser.isWellFormed)
        #expect(svg.contains("a &lt; b &amp; c"))
        #expect(svg.components(separatedBy: "<rect").count == 9)
    }

    @Test func `durations read well`() {
        #expect(Duration.text(nanoseconds: 999) == "999 ns")
        #expect(Duration.text(nanoseconds: 1_500) == "1.5 µs")
        #expect(Duration.text(nanoseconds: 20_000_000) == "20 ms")
        #expect(Duration.text(nanoseconds: 2_340_000_000) == "2.34 s")
    }
}

/// Every tag that is opened is closed in its order.
private struct XMLProbe {
    let isWellFormed: Bool

    init(_ text: String) {
        var open: [Substring] = []
        var isWellFormed = true
        for piece in text.split(separator: "<").dropFirst(0) {
            guard let end = piece.firstIndex(of: ">") else {
                isWellFormed = false
                continue
            }
            let tag = piece[..<end]
            let name = tag.prefix { $0 != " " && $0 != "/" }
            if tag.hasPrefix("/") {
                isWellFormed = isWellFormed && open.popLast() == tag.dropFirst()
            } else if !tag.hasSuffix("/") {
                open.append(name)
            }
            isWellFormed = isWellFormed && tag.filter { $0 == "\"" }.count.isMultiple(of: 2)
        }
        self.isWellFormed = isWellFormed && open.isEmpty
    }
}

import Testing

@testable import Gateway

@Suite struct MetricsTextTests {
    private func text(_ body: (inout MetricsText) -> Void) -> String {
        var text = MetricsText()
        body(&text)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    @Test func `a family has its help, its type and its samples`() {
        let text = self.text {
            $0.family("x_total", .counter, "What it is.")
            $0.sample("x_total", [("a", "1"), ("b", "2")], 7)
            $0.single("y", .gauge, "Another.", 0.25)
        }
        #expect(
            text == """
                # HELP x_total What it is.
                # TYPE x_total counter
                x_total{a="1",b="2"} 7
                # HELP y Another.
                # TYPE y gauge
                y 0.25

                """)
    }

    @Test func `what would break a line or a label is escaped`() {
        let text = self.text {
            $0.family("x", .gauge, "a\\b\nc\"d")
            $0.sample("x", [("l", "a\\b\nc\"d")], 1)
        }
        #expect(text.contains(#"# HELP x a\\b\nc"d"# + "\n"))
        #expect(text.contains(#"x{l="a\\b\nc\"d"} 1"# + "\n"))
    }

    @Test func `numbers are written so that they come back`() {
        let text = self.text {
            for value in [0, -1.5, 1e18, 1e-9, .infinity, -.infinity, .nan, 17_000_000_000] as [Double] {
                $0.sample("x", [], value)
            }
            $0.sample("x", [], UInt64.max)
        }
        #expect(
            text.split(separator: "\n").map { $0.dropFirst(2) } == [
                "0", "-1.5", "1e+18", "1e-09", "+Inf", "-Inf", "NaN", "17000000000", "18446744073709551615",
            ])
    }

    @Test func `a histogram ends with infinity, its sum and its count`() {
        let text = self.text {
            $0.histogram("h", [("r", "x")], bounds: [0.5, 1], counts: [1, 2], count: 4, sum: 9.5)
        }
        #expect(
            text == """
                h_bucket{r="x",le="0.5"} 1
                h_bucket{r="x",le="1"} 2
                h_bucket{r="x",le="+Inf"} 4
                h_sum{r="x"} 9.5
                h_count{r="x"} 4

                """)
    }
}

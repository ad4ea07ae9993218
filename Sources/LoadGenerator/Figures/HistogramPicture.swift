import Foundation

/// A histogram to look at: as lines of a terminal, or as SVG.
package struct HistogramPicture {
    /// One bar: what lies in `(lower, upper]`, in nanoseconds.
    private struct Bar {
        let lower: UInt64
        let upper: UInt64
        let count: UInt64
    }

    private let bars: [Bar]
    private let histogram: LatencyHistogram

    package init(_ histogram: LatencyHistogram) {
        self.histogram = histogram
        self.bars = Self.bars(of: histogram)
    }

    /// Bounds at 1, 2, 3, 5, 7 of each power of ten, from the smallest value to the largest.
    private static func bars(of histogram: LatencyHistogram) -> [Bar] {
        guard histogram.count > 0 else { return [] }
        var bounds: [UInt64] = []
        var power: UInt64 = 100
        while power < 10_000_000_000_000 {
            bounds += [1, 2, 3, 5, 7].map { $0 * power }
            power *= 10
        }
        var bars: [Bar] = []
        var lower: UInt64 = 0
        for upper in bounds {
            defer { lower = upper }
            guard upper >= histogram.minimum else { continue }
            bars.append(Bar(lower: lower, upper: upper, count: histogram.count(above: lower, through: upper)))
            if upper >= histogram.maximum { break }
        }
        return bars
    }

    /// A line per bar: up to which latency, how many, how many per cent.
    package func lines(width: Int = 48) -> [String] {
        guard let most = self.bars.map(\.count).max(), most > 0 else { return [] }
        return self.bars.map { bar in
            let eighths = Int((Double(bar.count) / Double(most) * Double(width * 8)).rounded())
            let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
            let filled = String(repeating: "█", count: eighths / 8) + (eighths == 0 && bar.count > 0 ? "▏" : partial)
            let share = Double(bar.count) / Double(self.histogram.count) * 100
            let label = Self.padded("≤ " + Duration.text(nanoseconds: bar.upper), to: 10)
            return "\(label) \(filled.padding(toLength: width, withPad: " ", startingAt: 0)) "
                + "\(String(format: "%6.2f", share)) %  \(bar.count)"
        }
    }

    private static func padded(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    /// A picture of its own, 720 by 360.
    ///
    /// `title` is escaped.
    package func svg(title: String) -> String {
        let most = Double(max(1, self.bars.map(\.count).max() ?? 1))
        let left = 60.0, top = 50.0, width = 640.0, height = 230.0
        let step = width / Double(max(1, self.bars.count))
        var parts = [
            ##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 360" font-family="sans-serif" font-size="12">"##,
            ##"<rect width="720" height="360" fill="#ffffff"/>"##,
            ##"<text x="60" y="26" font-size="15" font-weight="bold" fill="#1b2733">\##(Self.escaped(title))</text>"##,
        ]
        for share in [0.25, 0.5, 0.75, 1] {
            let y = top + height * (1 - share)
            let percent = most * share / Double(max(1, self.histogram.count)) * 100
            parts.append(##"<line x1="60" x2="700" y1="\##(y)" y2="\##(y)" stroke="#e3e8ee"/>"##)
            parts.append(
                ##"<text x="54" y="\##(y + 4)" text-anchor="end" fill="#5a6b7b">\##(String(format: "%.0f", percent)) %</text>"##
            )
        }
        for (index, bar) in self.bars.enumerated() {
            let x = left + Double(index) * step
            let tall = height * Double(bar.count) / most
            parts.append(
                String(
                    format: ##"<rect x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="#2f7fd1"/>"##,
                    x + 1, top + height - tall, max(1, step - 2), tall))
            let middle = x + step / 2
            parts.append(
                ##"<text transform="translate(\##(middle),\##(top + height + 12)) rotate(45)" fill="#5a6b7b">"##
                    + "\(Duration.text(nanoseconds: bar.upper))</text>")
        }
        let figures = [0.5, 0.9, 0.99, 0.999].map { share in
            "p\(Self.percentText(share)) \(Duration.text(nanoseconds: self.histogram.percentile(share)))"
        }
        let line = figures.joined(separator: "   ") + "   max \(Duration.text(nanoseconds: self.histogram.maximum))"
        parts.append(##"<text x="60" y="344" fill="#1b2733">\##(line)   (\##(self.histogram.count) messages)</text>"##)
        parts.append("</svg>")
        return parts.joined(separator: "\n") + "\n"
    }

    static func percentText(_ share: Double) -> String {
        let percent = (share * 1_000).rounded() / 10
        return percent == percent.rounded() ? "\(Int(percent))" : "\(percent)"
    }

    private static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
    }
}

extension Duration {
    /// Nanoseconds in the unit that reads best, with three digits.
    package static func text(nanoseconds: UInt64) -> String {
        let value = Double(nanoseconds)
        let (scaled, unit) =
            switch value {
            case ..<1_000: (value, "ns")
            case ..<1e6: (value / 1e3, "µs")
            case ..<1e9: (value / 1e6, "ms")
            default: (value / 1e9, "s")
            }
        let digits = scaled >= 100 || unit == "ns" ? 0 : scaled >= 10 ? 1 : 2
        var text = String(format: "%.\(digits)f", scaled)
        if text.contains(".") {
            while text.hasSuffix("0") { text.removeLast() }
            if text.hasSuffix(".") { text.removeLast() }
        }
        return "\(text) \(unit)"
    }

    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = self.components
        return UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
    }
}

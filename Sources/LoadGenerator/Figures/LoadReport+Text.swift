import Foundation

extension LoadReport {
    /// For a terminal, picture included.
    package var lines: [String] {
        let plan = self.plan
        var lines = ["\(plan.scenario.name)  \(plan.dialect.rawValue) over \(plan.transport.rawValue), \(self.setting)"]
        let what = plan.scenario == .fanout ? "deliveries" : plan.scenario == .echo ? "messages" : "openings"
        lines.append(
            "  \(what)  \(self.messages) in \(String(format: "%.1f", self.seconds)) s, "
                + "\(String(format: "%.0f", self.perSecond)) a second"
                + (self.lost > 0 ? ", \(self.lost) LOST" : "")
                + (self.notSent > 0 ? ", \(self.notSent) NOT SENT" : "")
                + (self.outOfOrder > 0 ? ", \(self.outOfOrder) OUT OF ORDER" : ""))
        lines += self.omissions
        let figures = Self.shares.map {
            "p\(HistogramPicture.percentText($0)) \(Duration.text(nanoseconds: self.histogram.percentile($0)))"
        }
        let most = "max \(Duration.text(nanoseconds: self.histogram.maximum))"
        lines.append("  latency     " + (figures + [most]).joined(separator: "   "))
        if let server, let microseconds = self.serverMicroseconds {
            var line = "  server      \(String(format: "%.2f", microseconds)) µs CPU each"
            line += " (\(Int((server.userShare * 100).rounded())) % outside the kernel)"
            if let share = self.serverShare { line += ", \(Int((share * 100).rounded())) % of a core" }
            line += ", \(server.residentBytes / 1_048_576) MiB resident"
            if let bytes = self.bytesPerConnection { line += ", \(Int(bytes)) bytes a connection" }
            if let share = self.heldShare {
                line += ", \(String(format: "%.1f", share * 100)) % of a core to hold them"
            }
            lines.append(line)
        }
        if let share = self.ownShare {
            let percent = Int((share * 100).rounded())
            let isBusiest = share > self.serverShare ?? 0
            let warning = share > 0.95 && isBusiest ? ": it may be what limits this run" : ""
            lines.append("  generator   \(percent) % of a core\(warning)")
        }
        lines.append("")
        return lines + HistogramPicture(self.histogram).lines().map { "  " + $0 }
    }

    /// What is not in the figures, and why.
    private var omissions: [String] {
        var lines: [String] = []
        if self.isInterrupted {
            lines.append("  interrupted after \(String(format: "%.1f", self.ownSeconds)) s of measuring")
        }
        let reasons = self.failures.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        lines += reasons.prefix(5).map { "  failed      \($0.value) × \($0.key)" }
        let others = reasons.dropFirst(5).reduce(0) { $0 + $1.value }
        if others > 0 { lines.append("  failed      \(others) × for other reasons (--json names them)") }
        if self.disconnected > 0 { lines.append("  of these    \(self.disconnected) had been in and were lost") }
        if self.lost > 0 {
            let wait = Int(LoadPlan.drainLimit / .seconds(1))
            lines.append(
                "  lost        no answer, nor within \(wait) s after the end, or the connection broke meanwhile")
        }
        if self.notSent > 0 {
            lines.append("  not sent    due, but too many were on the way, or the generator was behind: lower --rate")
        }
        return lines
    }

    private var setting: String {
        let plan = self.plan
        var words = ["\(plan.connections) connections"]
        if plan.scenario == .echo || plan.scenario == .fanout {
            words.append(plan.rate.map { "\(Int($0)) a second" } ?? "\(plan.inFlight) in flight")
            words.append("\(plan.size) bytes")
        }
        return words.joined(separator: ", ")
    }

    /// The title of a picture.
    package var title: String {
        "\(self.plan.scenario.name), \(self.plan.dialect.rawValue) over \(self.plan.transport.rawValue), \(self.setting)"
    }
}

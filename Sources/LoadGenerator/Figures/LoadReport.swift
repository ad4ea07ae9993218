import JSONScanner

/// What a run has shown.
package struct LoadReport {
    package let plan: LoadPlan
    /// Clients that got in.
    package let ready: Int
    /// Clients that did not, or that were lost, by reason.
    package let failures: [String: Int]
    /// Those among them that had been in.
    package let disconnected: Int
    /// Of messages, or of openings; nanoseconds.
    package let histogram: LatencyHistogram
    /// Answers (echo), deliveries (fan-out) or openings (connect) within ``seconds``.
    package let messages: UInt64
    package let seconds: Double
    /// Messages whose answer, deliveries that, or openings whose end did not come.
    package let lost: Int
    /// Messages that were due and did not leave: too many were on the way, nobody was there, or the generator was behind.
    package let notSent: Int
    package let outOfOrder: UInt64
    /// What the server's process used meanwhile.
    package let server: ProcessUsage?
    /// What it used while the clients were only held, for ``ownSeconds``; `nil` where there was no such time.
    package let held: ProcessUsage?
    /// What the generator itself used while it measured, and for how long that was.
    package let own: ProcessUsage?
    package let ownSeconds: Double
    package let bytesPerConnection: Double?
    /// What this machine had too little of, in one line that says what to do.
    package let shortage: String?
    /// Somebody wanted it to end before its time: the figures are those until then.
    package let isInterrupted: Bool

    package var failed: Int { self.failures.values.reduce(0, +) }
    package var perSecond: Double { self.seconds > 0 ? Double(self.messages) / self.seconds : 0 }

    /// CPU of the server per message in microseconds.
    package var serverMicroseconds: Double? {
        guard let server, self.messages > 0 else { return nil }
        return Double(server.cpu) / 1_000 / Double(self.messages)
    }

    /// How much of a core the server used; more than 1 on several.
    package var serverShare: Double? {
        guard let server, self.seconds > 0 else { return nil }
        return Double(server.cpu) / 1e9 / self.seconds
    }

    /// The server's share of a core while the clients were only held.
    package var heldShare: Double? {
        guard let held, self.ownSeconds > 0 else { return nil }
        return Double(held.cpu) / 1e9 / self.ownSeconds
    }

    /// The generator's share of a core.
    package var ownShare: Double? {
        guard let own, self.ownSeconds > 0 else { return nil }
        return Double(own.cpu) / 1e9 / self.ownSeconds
    }

    /// Whether everything that should have come did.
    package var isClean: Bool { self.failed == 0 && self.lost == 0 && self.notSent == 0 && self.outOfOrder == 0 }

    /// The percentiles that a report names.
    static let shares = [0.5, 0.9, 0.99, 0.999]

    /// One object: durations in milliseconds, CPU in microseconds per message.
    package var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("scenario", self.plan.scenario.name)
        writer.member("protocol", self.plan.dialect.rawValue)
        writer.member("transport", self.plan.transport.rawValue)
        writer.member("connections", self.plan.connections)
        writer.member("inFlight", self.plan.inFlight)
        if let rate = self.plan.rate { writer.member("rate", rate) }
        writer.member("size", self.plan.size)
        writer.member("seconds", self.seconds)
        writer.member("ready", self.ready)
        writer.member("messages", Int(clamping: self.messages))
        writer.member("messagesPerSecond", self.perSecond)
        writer.member("lost", self.lost)
        writer.member("notSent", self.notSent)
        writer.member("outOfOrder", Int(clamping: self.outOfOrder))
        writer.key("failures")
        writer.beginObject()
        for (reason, count) in self.failures.sorted(by: { $0.key < $1.key }) { writer.member(reason, count) }
        writer.endObject()
        writer.member("disconnected", self.disconnected)
        if self.isInterrupted { writer.member("interrupted", true) }
        writer.key("latencyMs")
        writer.beginObject()
        for share in Self.shares {
            let value = self.histogram.percentile(share)
            writer.member("p" + HistogramPicture.percentText(share), Self.milliseconds(value))
        }
        writer.member("max", Self.milliseconds(self.histogram.maximum))
        writer.member("mean", self.histogram.mean / 1e6)
        writer.endObject()
        if let server, let microseconds = self.serverMicroseconds {
            writer.key("server")
            writer.beginObject()
            writer.member("cpuMicrosecondsPerMessage", microseconds)
            writer.member("userShare", server.userShare)
            writer.member("residentBytes", Int(clamping: server.residentBytes))
            if let bytes = self.bytesPerConnection { writer.member("bytesPerConnection", bytes) }
            if let share = self.heldShare { writer.member("heldCoreShare", share) }
            writer.endObject()
        }
        if let share = self.ownShare { writer.member("generatorCoreShare", share) }
        writer.endObject()
        return writer.string
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> Double { Double(nanoseconds) / 1e6 }
}

extension LoadPlan.Scenario {
    /// As the command line has it.
    package var name: String {
        switch self {
        case .connect: "connect"
        case .echo: "echo"
        case .fanout: "fanout"
        }
    }
}

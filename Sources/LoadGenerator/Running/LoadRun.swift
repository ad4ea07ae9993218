import Glibc

/// Carries out a ``LoadPlan`` on the calling thread: one poller, no locks, bounded by the plan's times.
package final class LoadRun {
    let plan: LoadPlan
    let poller: Poller
    let address: SocketAddress
    let tls: TLSClientContext?
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 * 1_024, alignment: 16)
    var random = SystemRandomNumberGenerator()
    private let isInterrupted: () -> Bool
    private let report: (LoadProgress) -> Void

    /// By index; the sender of a fan-out is the last one.
    var clients: [LoadClient?] = []
    /// The indices that nobody has, or not yet; the last one is the next.
    var freeIndices: [Int] = []
    var generation: UInt32 = 0
    /// Connections that were asked for.
    var attempts = 0
    var opening = 0
    var readyCount = 0
    /// A client has been in.
    var hasOpened = false
    var failures: [String: LoadFailures] = [:]
    /// What there is too little of here; nothing more is opened then.
    var shortage: Shortage?

    private(set) var phase = LoadProgress.Phase.opening
    var text: MessageText
    var histogram = LatencyHistogram()
    var messages: UInt64 = 0
    var outOfOrder: UInt64 = 0
    /// Messages that wait for answers, of all clients.
    var unanswered = 0
    /// Messages on the way to or from clients that ended, and those that were given up.
    var lost = 0
    /// Messages that were due and did not leave.
    var notSent = 0
    var fanout = FanoutTable()
    var pace: Pace?
    var turn = 0

    /// - Parameter isInterrupted: whether somebody wants the run to end now, with what it has found so far.
    ///
    /// Throws when the server's name leads nowhere, or when this machine does not have what the plan needs.
    package init(
        _ plan: LoadPlan, isInterrupted: @escaping () -> Bool = { false }, report: @escaping (LoadProgress) -> Void
    ) throws(LoadError) {
        self.plan = plan
        self.isInterrupted = isInterrupted
        self.report = report
        self.poller = try Poller()
        self.address = try SocketAddress(resolving: plan.server)
        self.tls =
            plan.server.isTLS
            ? try TLSClientContext(server: plan.server, acceptsAnyCertificate: plan.acceptsAnyCertificate) : nil
        self.text = MessageText(plan: plan)
        self.pace = plan.rate.map { Pace(rate: $0) }
        let needed = plan.sockets + Shortage.Facts.ownDescriptors
        guard needed <= HostLimits.descriptors else { throw LoadError(.descriptors, self.facts) }
        guard plan.sourceAddresses == 1 || self.address.isLoopback else {
            throw LoadError(
                "several source addresses, and a server that is not at 127.0.0.0/8",
                advice: "leave --source-addresses out: only that network has more addresses of this machine")
        }
    }

    deinit { self.buffer.deallocate() }

    var wanted: Int { self.plan.connections + (self.plan.scenario == .fanout ? 1 : 0) }
    var isChurning: Bool { self.plan.scenario == .connect(churn: true) }

    // MARK: - The run

    /// Runs all of it; throws when no client got in at all, and when it is interrupted before there is anything to tell.
    package func run() throws(LoadError) -> LoadReport {
        let started = now()
        let before = self.plan.serverProcess.flatMap { ProcessUsage(process: $0) }
        if let pid = self.plan.serverProcess, before == nil {
            throw LoadError("no process \(pid)", advice: "is --pid the server's, on this machine?")
        }
        self.clients = Array(repeating: nil, count: self.wanted)
        self.freeIndices = Array(0..<self.wanted)
        if self.plan.scenario != .fanout { self.freeIndices.reverse() }
        var openingHistogram = LatencyHistogram()
        if !self.isChurning {
            self.turns(until: { self.freeIndices.isEmpty && self.opening == 0 })
            // A fan-out without its sender, or without anybody who listens, shows nothing.
            let needed = self.plan.scenario == .fanout ? 2 : 1
            guard self.readyCount >= needed, self.plan.scenario != .fanout || self.sender?.isReady == true else {
                throw self.firstFailure
            }
            openingHistogram = self.histogram
        }
        let opened = now()
        let held = self.plan.serverProcess.flatMap { ProcessUsage(process: $0) }

        self.phase = .warmup
        // What the greeting asks for, such as a room, is to be done before the first message.
        if self.plan.greeting != nil { self.turns(for: .milliseconds(500)) }
        self.startMessages()
        self.turns(for: self.plan.warmup)
        let isOpening = self.plan.scenario == .connect(churn: false)
        if self.isInterrupted(), !isOpening { throw .interrupted }
        if self.isPointless { throw self.isChurning ? self.firstFailure : .allLost(self.firstFailure) }
        if self.isChurning || self.sendsMessages { self.histogram = LatencyHistogram() }
        self.messages = 0
        self.phase = .measuring
        let measureStart = now()
        let usageStart = self.plan.serverProcess.flatMap { ProcessUsage(process: $0) }
        let ownStart = ProcessUsage(process: getpid())
        self.turns(for: self.plan.duration)
        self.endPace()
        let seconds = Double(now() - measureStart) / 1e9
        let usage = usageStart.flatMap { start in
            self.plan.serverProcess.flatMap { ProcessUsage(process: $0)?.since(start) }
        }
        let own = ownStart.flatMap { start in ProcessUsage(process: getpid())?.since(start) }
        let messages = self.messages
        self.phase = .draining
        self.turns(
            until: { self.undelivered == 0 }, for: min(self.plan.patience, LoadPlan.drainLimit), evenIfInterrupted: true
        )
        let lost = self.lost + self.fanout.givenUp + self.undelivered
        let ready = self.isChurning ? Int(clamping: messages) : self.readyCount
        self.closeAll()
        if self.isChurning, messages == 0, !self.failures.isEmpty { throw self.firstFailure }

        return LoadReport(
            plan: self.plan, ready: ready, failures: self.failures.mapValues(\.count),
            disconnected: self.failures.values.reduce(0) { $0 + $1.disconnected },
            histogram: isOpening ? openingHistogram : self.histogram,
            messages: isOpening ? UInt64(self.readyCount) : messages,
            seconds: isOpening ? Double(opened - started) / 1e9 : seconds,
            lost: lost, notSent: self.notSent, outOfOrder: self.outOfOrder,
            server: isOpening ? before.flatMap { held?.since($0) } : usage,
            held: isOpening ? usage : nil, own: own, ownSeconds: seconds,
            bytesPerConnection: isOpening ? Self.growth(before, held, connections: self.readyCount) : nil,
            shortage: self.shortage?.line(self.facts), isInterrupted: self.isInterrupted())
    }

    /// Why nothing could be measured.
    private var firstFailure: LoadError {
        if self.isInterrupted() { return .interrupted }
        if let shortage { return LoadError(shortage, self.facts) }
        return self.failures.values.max { $0.count < $1.count }?.error ?? LoadError("no client got in")
    }

    private var facts: Shortage.Facts {
        let seconds = max(1, Double(now() - self.runStart) / 1e9)
        return Shortage.Facts(
            descriptors: HostLimits.descriptors, ports: HostLimits.ports, connections: self.plan.sockets,
            churnPerSecond: self.isChurning ? Double(self.attempts) / seconds : 0,
            sourceAddresses: self.plan.sourceAddresses, isLoopback: self.address.isLoopback)
    }

    private static func growth(_ before: ProcessUsage?, _ after: ProcessUsage?, connections: Int) -> Double? {
        guard let before, let after, connections > 0 else { return nil }
        return (Double(after.residentBytes) - Double(before.residentBytes)) / Double(connections)
    }

    private var failedCount: Int { self.failures.values.reduce(0) { $0 + $1.count } }

    private func turns(for duration: Duration) {
        self.turns(until: { self.isPointless }, for: duration)
    }

    /// Whether nothing more can be learnt about the server.
    private var isPointless: Bool {
        switch self.plan.scenario {
        case .connect(churn: false): false
        case .connect(churn: true): self.shortage != nil || (!self.hasOpened && self.failedCount >= self.wanted)
        case .echo: self.readyCount == 0
        case .fanout: self.readyCount < 2 || self.sender == nil
        }
    }

    private var lastWord: (at: UInt64, messages: UInt64) = (now(), 0)

    /// Serves the sockets until the condition holds, the time is over, or somebody wants an end.
    private func turns(until isDone: () -> Bool, for duration: Duration? = nil, evenIfInterrupted: Bool = false) {
        let start = now()
        let limit = duration?.nanoseconds ?? .max
        while !isDone(), evenIfInterrupted || !self.isInterrupted() {
            let instant = now()
            if instant - start >= limit { break }
            self.openMore(instant)
            self.sendDue(instant)
            let left = (limit - (instant - start)) / 1_000_000
            self.poller.wait(milliseconds: Int32(min(self.pause, left + 1))) { self.ready($0) }
            self.speak(instant)
        }
    }

    /// How long nothing needs to be done, in whole milliseconds: a message that is due sooner is waited for awake.
    private var pause: UInt64 {
        guard let due = self.pace?.next, self.phase == .warmup || self.phase == .measuring else { return 20 }
        let instant = now()
        return due > instant ? min(20, (due - instant) / 1_000_000) : 0
    }

    private func speak(_ instant: UInt64) {
        let pause = instant &- self.lastWord.at
        guard pause >= 1_000_000_000 else { return }
        self.endLateOpenings(instant)
        let count = self.messages >= self.lastWord.messages ? self.messages - self.lastWord.messages : self.messages
        self.report(
            LoadProgress(
                phase: self.phase, elapsed: .nanoseconds(Int64(clamping: instant - self.runStart)),
                ready: self.readyCount, wanted: self.wanted, failed: self.failedCount,
                messagesPerSecond: Double(count) / (Double(pause) / 1e9), histogram: self.histogram))
        self.lastWord = (instant, self.messages)
    }

    private let runStart = now()

    var sender: LoadClient? { self.plan.scenario == .fanout ? self.clients.last ?? nil : nil }
}

/// Clients that failed in the same way.
struct LoadFailures {
    var count = 0
    /// Those among them that had been in.
    var disconnected = 0
    let error: LoadError
}

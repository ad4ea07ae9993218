import ClientAddress
import Logging
import NIOCore
import OpenSSLTLS
import WebSocketProtocol

/// One accepted connection: the only handler in its channel's pipeline, and the owner of its descriptor.
///
/// Bytes go in to the ``ByteStream`` that is spoken at the moment. Bytes come out once per turn of the loop, however many
/// messages there were, by the ``DirectWriter``. Lives on its shard's loop and is touched on it only.
final class Connection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Why we closed it, as the metrics and the log name it.
    enum CloseReason: String {
        case done, slow, protocolError, timeout, drain
    }

    private enum Phase {
        case open
        /// Nothing more is written; what was written is on its way out.
        case flushing
        /// Our side is shut down; the peer's end of stream is awaited so that it can read our last words.
        case lingering
        case closed
    }

    /// How long a peer may take to close its side after we have shut down ours.
    private static let linger: Duration = .seconds(2)
    /// What is handed to the channel at once: a peer that takes this much in `writeProgress` is slow, not stuck.
    private static let slice = 65_536

    let shard: Shard
    let listener: ListenerContext
    /// The other end: of the TCP connection, or what a PROXY header says; `nil` on a unix socket.
    private(set) var peerAddress: IPAddress?
    private var permit: Admission.Permit?
    /// Until a proxy has said whom it forwards.
    private var proxyWait: ProxyWait?

    private var channel: (any Channel)?
    private var descriptor: CInt = -1
    private var stream: ByteStream?
    private var phase = Phase.open
    private var readsPaused = false
    private var writer = DirectWriter()
    /// Its place in the shard's table of what is to be sent; as long as it is in its pipeline.
    private var row: OutputRowID?
    /// The protocol has more to send after this turn's output, and is told also when the kernel takes that at once.
    var reportsNextWrite = false { didSet { self.outputChanged() } }
    /// Counts drains of the backlog, so that the progress timer can see whether anything moved.
    private var progress: UInt32 = 0
    private var progressTimerRuns = false
    private let timerSlot = TimerSlot()
    /// `nil` on a listener without TLS, and after the end.
    private(set) var tls: TLSEngine?
    /// `nil` without TLS, and from the end of the handshake on.
    var pendingHandshake: PendingHandshake?

    /// A connection that was just accepted.
    init(shard: Shard, listener: ListenerContext) {
        self.shard = shard
        self.listener = listener
        self.proxyWait = listener.proxyVersion.map { ProxyWait(version: $0) }
        if let listener = listener.tls {
            // Only out of memory; the first read then finds no engine, and closes.
            self.tls = try? TLSEngine(context: listener.context)
        }
    }

    /// A connection that comes from another loop.
    init(shard: Shard, listener: ListenerContext, from other: ConnectionHandOver) {
        self.shard = shard
        self.listener = listener
        self.tls = other.engine
        self.peerAddress = other.peerAddress
        self.permit = other.permit
    }

    /// Why it gets no service: its request is answered with 503.
    var refusal: Admission.Refusal? { self.permit?.refusal }

    var isTLS: Bool { self.listener.tls != nil }

    // MARK: - Input

    func handlerAdded(context: ChannelHandlerContext) {
        self.channel = context.channel
        self.row = self.shard.connectionAdded(self)
        if context.channel.isActive { self.opened(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        // A channel that never became active ends without another word.
        self.finish(.closed)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.opened(context)
        context.fireChannelActive()
    }

    private func opened(_ context: ChannelHandlerContext) {
        guard self.descriptor < 0 else { return }
        let transport = try? context.pipeline.syncOperations
            .withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        self.descriptor = transport ?? -1
        self.timerSlot.set(self)
        self.outputChanged()
        self.beginHandshake()
        if self.permit == nil { self.accepted(context.channel.remoteAddress) }
        // It may have been refused already.
        if self.stream == nil, self.phase == .open { self.stream = HTTPStream(connection: self) }
    }

    private func accepted(_ address: SocketAddress?) {
        self.peerAddress = address?.ipAddress.flatMap { IPAddress($0) }
        guard self.proxyWait != nil else { return self.admit() }
        guard let peer = self.peerAddress, self.listener.trust?.trusts(peer) == true else { return self.refuseProxy() }
        self.shard.timers.schedule(after: Self.proxyDeadline, slot: self.timerSlot, token: 3)
    }

    /// Now it is known who the peer is.
    func admit() {
        guard self.listener.audience == .clients else { return }
        let isTrusted = self.peerAddress.map { self.listener.trust?.trusts($0) ?? false } ?? true
        let permit = self.shard.core.admission.admit(isTrusted ? nil : self.peerAddress, now: .now)
        self.permit = permit
        guard let refusal = permit.refusal else { return }
        self.shard.counters.listeners[self.listener.index].refused[refusal, default: 0] &+= 1
        if permit.closesAtOnce { self.close(.done) }
    }

    /// The certificate that the client showed; it chains up to the listener's `clientCA`.
    var peerCertificate: PeerCertificate? { self.tls?.handshake?.peer }

    func setPeer(_ address: IPAddress) { self.peerAddress = address }

    /// The protocol changes.
    ///
    /// Whatever the old one had not used goes to the new one.
    func become(_ stream: ByteStream, leftover: ByteBuffer) {
        guard self.phase != .closed else { return stream.connectionClosed(.closed) }
        self.stream = stream
        guard leftover.readableBytes > 0 else { return }
        var leftover = leftover
        leftover.withUnsafeMutableReadableBytes { stream.received($0) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = self.unwrapInboundIn(data)
        defer { self.shard.receiveBuffer.giveBack(buffer) }
        guard self.phase == .open else { return }
        self.shard.counters.receivedBytes &+= UInt64(buffer.readableBytes)
        self.shard.grew(by: buffer.readableBytes)
        defer { self.shard.relieveMemory() }
        buffer.withUnsafeReadableBytes { bytes in
            var bytes = bytes
            if self.proxyWait != nil {
                var wait = self.proxyWait
                let result = self.takeProxyHeader(bytes, &wait)
                self.proxyWait = wait
                guard let taken = result else { return }
                bytes = UnsafeRawBufferPointer(rebasing: bytes[taken...])
                guard !bytes.isEmpty else { return }
            }
            if self.isTLS {
                guard let engine = self.tls else { return self.closeNow() }
                return self.receiveEncrypted(bytes, engine)
            }
            // In place although the channel still holds a reference: the memory came from this loop's ReceiveBuffer for
            // this read alone, nobody else reads it, and a copy-on-write would copy 64 KiB.
            self.deliver(UnsafeMutableRawBufferPointer(mutating: bytes))
        }
    }

    /// Plain bytes for the protocol, which may change them in place.
    func deliver(_ bytes: UnsafeMutableRawBufferPointer) {
        guard self.phase == .open else { return }
        self.stream?.received(bytes)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else { return context.fireUserInboundEventTriggered(event) }
        switch self.phase {
        case .open:
            if let error = self.tls?.inputEnded() {
                // Cut off: what came last may not be the end of what was sent.
                self.shard.counters.tlsFailed(error, listener: self.listener)
                return self.end(.error)
            }
            self.peerEnded()
        case .flushing:
            break
        case .lingering:
            self.closeNow()
        case .closed:
            break
        }
    }

    /// The peer sends nothing more, and has said so.
    func peerEnded() {
        guard self.phase == .open else { return }
        self.stream?.inputClosed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.finish(.error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.finish(.closed)
        context.fireChannelInactive()
    }

    /// Stops or resumes reading from the peer, so that back-pressure reaches TCP.
    func setReadsPaused(_ paused: Bool) {
        guard paused != self.readsPaused, self.phase == .open, let channel = self.channel else { return }
        self.readsPaused = paused
        try? channel.syncOptions?.setOption(.autoRead, value: !paused)
    }

    // MARK: - Output

    /// Whether new output would leave with this turn: nothing waits for the peer to read.
    var isWritable: Bool { self.phase == .open && self.writer.backlog == 0 }

    /// The kernel does not take what there is, and it has become more than `limits.outputSoft`.
    var isBehind: Bool { self.writer.backlog > 0 && self.bufferedBytes > self.shard.limits.outputSoft }

    /// Bytes on their way to the peer: of this turn, and those that the kernel has not taken.
    var bufferedBytes: Int { self.writer.backlog + self.outputBytes }

    /// Bytes of this turn.
    private var outputBytes: Int { self.row.map { self.shard.outputs[$0].bytes } ?? 0 }

    /// What it keeps in memory beyond its own size: output that waits, and input that is not complete.
    var heldBytes: Int { self.bufferedBytes + (self.stream?.heldBytes ?? 0) }

    /// Sends all of a buffer of the shard's arena with this turn.
    func send(_ id: OutputArena.BufferID) {
        self.append { $0.append(id, to: &$1) }
    }

    /// Sends a buffer that only this connection gets.
    func send(_ buffer: ByteBuffer) {
        guard self.phase == .open else { return }
        self.send(self.shard.arena.add(buffer))
    }

    /// Sends what `body` writes; no buffer is allocated for it.
    func send(_ body: (inout ByteBuffer) -> Void) {
        self.append { $0.append(to: &$1, body) }
    }

    /// Sends a WebSocket frame whose payload `body` writes; no buffer is allocated for it.
    func sendFrame(_ opcode: Opcode, _ body: (inout ByteBuffer) -> Void) {
        self.append {
            $0.append(
                to: &$1, headerRoom: 10, body,
                header: { FrameEncoder.writeHeader(opcode: opcode, length: $0, into: &$1) })
        }
    }

    private func append(_ body: (inout OutputArena, inout OutputArena.List) -> Int) {
        guard self.phase == .open, let row = self.row else { return }
        self.shard.outputs.append(row) { body(&self.shard.arena, &$0) }
        self.shard.turnNeeded()
    }

    /// What the shard may do without asking has changed.
    private func outputChanged() {
        guard let row = self.row else { return }
        let keepsUp = self.phase == .open && self.writer.backlog == 0
        let isPlain = keepsUp && !self.isTLS && !self.reportsNextWrite
        self.shard.outputs.set(row, keepsUp: keepsUp, descriptor: isPlain ? self.descriptor : -1)
    }

    /// What a room gets may be put into this connection's row, because whoever speaks here would do nothing else.
    func setTakesBroadcasts(_ takes: Bool) {
        if let row = self.row { self.shard.outputs.setTakesBroadcasts(takes, row) }
    }

    /// Where ``setTakesBroadcasts(_:)`` holds.
    var broadcastRow: OutputRowID? { self.row }

    /// The end of the turn: everything of it is written at once.
    ///
    /// Called by the shard only, unless all there was to do was a write that has succeeded. `attempt` is how one ended
    /// that did not.
    func flushTurn(_ output: TurnOutput, _ attempt: DirectWriter.Outcome?) {
        guard let channel = self.channel, channel.isActive, self.phase != .closed else { return }
        if !output.list.isEmpty {
            if let engine = self.tls {
                self.encrypt(output.list, engine)
            } else {
                self.shard.counters.sentBytes &+= UInt64(output.bytes)
                self.write(output, attempt, channel: channel)
            }
        }
        if self.reportsNextWrite, self.phase == .open, self.writer.backlog == 0 {
            self.reportsNextWrite = false
            self.stream?.outputDrained()
        }
        guard self.phase == .flushing else { return }
        if let engine = self.tls {
            var output = ByteBuffer()
            engine.shutdown(output: &output)
            self.writeNow(output)
        }
        if self.phase == .flushing, self.writer.backlog == 0 { self.shutDownOutput() }
    }

    /// Encrypts what the turn has brought, many messages to a record, and writes it.
    private func encrypt(_ list: OutputArena.List, _ engine: TLSEngine) {
        var records = self.shard.recordBuffer.take()
        defer { self.shard.recordBuffer.giveBack(records) }
        do throws(TLSError) {
            let gathered = self.shard.arena.withBytes(of: list, gather: self.shard.gather) { bytes in
                Result { () throws(TLSError) in try engine.send(bytes, output: &records) }
            }
            if let gathered {
                try gathered.get()
            } else {
                for buffer in self.shard.arena.buffers(of: list) {
                    let result = buffer.withUnsafeReadableBytes { bytes in
                        Result { () throws(TLSError) in try engine.send(bytes, output: &records) }
                    }
                    try result.get()
                }
            }
        } catch {
            self.shard.core.logger.debug("listener \(self.listener.name): TLS connection ended: \(error)")
            return self.end(.error)
        }
        self.writeNow(records)
    }

    /// Writes bytes as they are, behind whatever is on its way.
    func writeNow(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0, self.phase != .closed, let channel = self.channel, channel.isActive else {
            return
        }
        self.shard.counters.sentBytes &+= UInt64(bytes.readableBytes)
        guard self.writer.backlog == 0, self.descriptor >= 0 else {
            return self.enqueue([bytes], count: bytes.readableBytes, channel: channel)
        }
        switch bytes.withUnsafeReadableBytes({ self.writer.write($0, to: self.descriptor) }) {
        case .wrote(let written):
            guard written < bytes.readableBytes else { return }
            var rest = bytes
            rest.moveReaderIndex(forwardBy: written)
            self.enqueue([rest], count: rest.readableBytes, channel: channel)
        case .failed:
            self.end(.error)
        }
    }

    /// Nothing more can be encrypted or decrypted; what was written, an alert, is on its way.
    func failTLS() {
        guard self.phase == .open || self.phase == .flushing else { return }
        self.endHandshake()
        self.tls = nil
        self.phase = .flushing
        self.outputChanged()
        if let row = self.row { self.shard.outputs.removeOutput(row) }
        self.endStream(.error)
        if self.writer.backlog == 0 { self.shutDownOutput() }
    }

    private func write(_ output: TurnOutput, _ attempt: DirectWriter.Outcome?, channel: any Channel) {
        let (list, count) = (output.list, output.bytes)
        guard self.writer.backlog == 0, self.descriptor >= 0 else {
            return self.enqueue(self.shard.arena.buffers(of: list), count: count, channel: channel)
        }
        var rest: ByteBuffer?
        let outcome = self.shard.arena.withBytes(of: list, gather: self.shard.gather) { bytes -> DirectWriter.Outcome in
            let outcome = attempt ?? self.writer.write(bytes, to: self.descriptor)
            if case .wrote(let written) = outcome, written < bytes.count {
                rest = ByteBuffer(bytes: UnsafeRawBufferPointer(rebasing: bytes[written...]))
            }
            return outcome
        }
        switch outcome {
        case .wrote:
            if let rest { self.enqueue([rest], count: rest.readableBytes, channel: channel) }
        case .failed:
            // The read side reports the same; it is what ends the connection.
            self.end(.error)
        case nil:
            // More than the gather buffer holds in one turn: rare, and then the channel's vectored write is the better way.
            self.enqueue(self.shard.arena.buffers(of: list), count: count, channel: channel)
        }
    }

    /// Hands bytes to the channel; everything after them has to follow until they are gone.
    private func enqueue(_ buffers: [ByteBuffer], count: Int, channel: any Channel) {
        // A single answer may be larger than the limit; it is the pile behind it that must not grow.
        let backlog = self.writer.backlog
        guard backlog == 0 || backlog + count <= self.shard.limits.outputHard || self.phase == .flushing else {
            return self.close(.slow)
        }
        self.writer.queued(count)
        self.outputChanged()
        self.shard.counters.outputBuffered += count
        self.shard.grew(by: count)
        for var buffer in buffers {
            // In slices, so that a large one shows its progress.
            while let slice = buffer.readSlice(length: min(buffer.readableBytes, Self.slice)), slice.readableBytes > 0 {
                let promise = self.shard.loop.makePromise(of: Void.self)
                let count = slice.readableBytes
                promise.futureResult.assumeIsolated().whenComplete { [self] in self.drained(count, $0) }
                channel.write(slice, promise: promise)
            }
        }
        channel.flush()
        guard !self.progressTimerRuns, self.writer.backlog > 0 else { return }
        self.progressTimerRuns = true
        self.shard.timers.schedule(
            after: self.shard.limits.writeProgress, slot: self.timerSlot, token: self.progress &* 2)
    }

    private func drained(_ count: Int, _ result: Result<Void, any Error>) {
        self.shard.counters.outputBuffered -= count
        self.progress &+= 1
        // The channel is closed, and its descriptor may mean another connection already.
        if case .failure = result { self.descriptor = -1 }
        guard self.writer.drained(count), self.phase != .closed else { return }
        self.outputChanged()
        if self.phase == .flushing { return self.shutDownOutput() }
        self.stream?.outputDrained()
    }

    // MARK: - Closing

    /// Sends what was given to `send` so far, then ends our side and waits a moment for the peer's.
    func closeAfterFlush() {
        guard self.phase == .open else { return }
        self.phase = .flushing
        self.outputChanged()
        guard let row = self.row else { return }
        self.shard.outputs.markDirty(row)
        self.shard.turnNeeded()
    }

    /// Ends the connection at once; unsent bytes are dropped.
    func close(_ reason: CloseReason) {
        guard self.phase != .closed else { return }
        if reason == .slow {
            self.shard.counters.slowConsumersClosed &+= 1
        }
        self.end(reason == .slow ? .slow : .closed)
    }

    /// The process is about to end: a connection that waits for a request is closed now.
    func closeIfIdle() {
        if let stream = self.stream as? HTTPStream, stream.isIdle { self.closeAfterFlush() }
    }

    private func shutDownOutput() {
        guard self.phase == .flushing, let channel = self.channel else { return }
        self.phase = .lingering
        if self.readsPaused { try? channel.syncOptions?.setOption(.autoRead, value: true) }
        channel.close(mode: .output, promise: nil)
        self.shard.timers.schedule(after: Self.linger, slot: self.timerSlot, token: 1)
        self.endStream(.closed)
    }

    private func closeNow() {
        self.end(.closed)
    }

    /// Closes the channel, after the reason has been noted: the channel reports its end while it is being closed.
    private func end(_ end: ConnectionEnd) {
        let channel = self.channel
        self.finish(end)
        channel?.close(promise: nil)
    }

    private func finish(_ end: ConnectionEnd) {
        guard self.phase != .closed else { return }
        self.phase = .closed
        self.descriptor = -1
        // Before anything else can run: the descriptor may soon mean another connection.
        self.outputChanged()
        self.timerSlot.cancelAll()
        self.endHandshake()
        self.tls = nil
        self.endStream(end)
        self.channel = nil
        if let permit = self.permit.take() { self.shard.core.admission.release(permit, now: .now) }
        if let row = self.row.take() { self.shard.connectionClosed(row) }
    }

    private func endStream(_ end: ConnectionEnd) {
        guard let stream = self.stream else { return }
        self.stream = nil
        stream.connectionClosed(end)
    }

    /// Gives the descriptor away, for another loop to serve it: the channel is closed without a word to the peer.
    ///
    /// For a TLS connection the engine goes along: its records must be written by one side only.
    func detach() -> ConnectionHandOver? {
        guard self.phase == .open, let channel = self.channel, channel.isActive, self.descriptor >= 0,
            self.writer.backlog == 0, self.outputBytes == 0
        else { return nil }
        let copy = DescriptorHandOver.duplicate(self.descriptor)
        guard copy >= 0 else { return nil }
        self.stream = nil
        let handOver = ConnectionHandOver(
            descriptor: copy, engine: self.tls.take(), peerAddress: self.peerAddress, permit: self.permit.take())
        self.end(.closed)
        return handOver
    }
}

extension Connection: TimerTarget {
    /// Token 1 is the end of lingering, 3 that of waiting for a proxy; even ones carry the progress count at the time of the last look.
    func timerFired(token: UInt32, now: ContinuousClock.Instant) {
        if token == 1 {
            if self.phase == .lingering { self.closeNow() }
            return
        }
        if token == 3 {
            if self.proxyWait != nil { self.refuseProxy() }
            return
        }
        self.progressTimerRuns = false
        guard self.phase != .closed, self.writer.backlog > 0 else { return }
        if token == self.progress &* 2 { return self.close(.slow) }
        self.progressTimerRuns = true
        self.shard.timers.schedule(
            after: self.shard.limits.writeProgress, slot: self.timerSlot, token: self.progress &* 2)
    }
}

import EpollLoop
import NIOCore
import OpenSSLTLS
import WebSocketProtocol

extension Connection {
    /// Whether new output would leave as soon as we send it: nothing waits for the peer to read.
    var isWritable: Bool { self.phase == .open && self.writer.backlog == 0 }

    /// The kernel does not take what there is, and it has become more than `limits.outputSoft`.
    var isBehind: Bool { self.writer.backlog > 0 && self.bufferedBytes > self.shard.limits.outputSoft }

    /// Bytes on their way to the peer: those that we have not sent, and those that the kernel has not taken.
    var bufferedBytes: Int { self.writer.backlog + self.outputBytes }

    /// Bytes that leave with this turn, or as bulk when there is time.
    var outputBytes: Int { self.row.map { self.shard.outputs[$0].bytes } ?? 0 }

    /// What it keeps in memory beyond its own size: output that the peer does not take, and input that is not complete.
    ///
    /// Output that we have not sent is not its pile: a large room shares it, and closing the connection would free nothing.
    var heldBytes: Int { self.writer.backlog + (self.stream?.heldBytes ?? 0) }

    /// Sends all of a buffer of the shard's arena, with this turn or as bulk.
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
    func outputChanged() {
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

    /// Its time has come: everything that it is to be sent is written at once.
    ///
    /// Called by the shard only, unless all there was to do was a write that has succeeded. `attempt` is how one ended
    /// that did not.
    func flushTurn(_ output: TurnOutput, _ attempt: DirectWriter.Outcome?) {
        guard self.phase != .closed else { return }
        if !output.list.isEmpty {
            if let engine = self.tls {
                self.encrypt(output.list, engine)
            } else {
                self.shard.counters.sentBytes &+= UInt64(output.bytes)
                self.write(output, attempt)
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

    /// Encrypts what is to be sent, many messages to a record, and writes it.
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
        guard bytes.readableBytes > 0, self.phase != .closed else { return }
        self.shard.counters.sentBytes &+= UInt64(bytes.readableBytes)
        guard self.writer.backlog == 0 else { return self.enqueue([bytes], count: bytes.readableBytes) }
        switch bytes.withUnsafeReadableBytes({ self.writer.write($0, to: self.descriptor) }) {
        case .wrote(let written):
            guard written < bytes.readableBytes else { return }
            var rest = bytes
            rest.moveReaderIndex(forwardBy: written)
            self.enqueue([rest], count: rest.readableBytes)
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

    private func write(_ output: TurnOutput, _ attempt: DirectWriter.Outcome?) {
        let (list, count) = (output.list, output.bytes)
        guard self.writer.backlog == 0 else { return self.enqueue(self.shard.arena.buffers(of: list), count: count) }
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
            if let rest { self.enqueue([rest], count: rest.readableBytes) }
        case .failed:
            // The read side reports the same; it is what ends the connection.
            self.end(.error)
        case nil:
            // More than the gather buffer holds: rare, and then many buffers in one call are the better way.
            self.enqueue(self.shard.arena.buffers(of: list), count: count)
            if self.phase != .closed { self.writeBacklog() }
        }
    }

    /// Keeps bytes until the kernel takes them; everything after them has to follow until they are gone.
    private func enqueue(_ buffers: [ByteBuffer], count: Int) {
        // A single answer may be larger than the limit; it is the pile behind it that must not grow.
        let backlog = self.writer.backlog
        guard backlog == 0 || backlog + count <= self.shard.limits.outputHard || self.phase == .flushing else {
            return self.close(.slow)
        }
        for buffer in buffers { self.writer.queue(buffer) }
        self.outputChanged()
        self.shard.counters.outputBuffered += count
        self.shard.grew(by: count)
        self.shard.loop.change(self, to: self.interest.union(.output))
        guard !self.progressTimerRuns, self.writer.backlog > 0 else { return }
        self.progressTimerRuns = true
        self.shard.timers.schedule(
            after: self.shard.limits.writeProgress, slot: self.timerSlot, token: self.progress &* 2)
    }

    /// The kernel has room again.
    func writeBacklog() {
        guard self.writer.backlog > 0 else { return }
        switch self.writer.drain(to: self.descriptor) {
        case .failed:
            return self.end(.error)
        case .wrote(let count):
            guard count > 0 else { return }
            self.shard.counters.outputBuffered -= count
            self.progress &+= 1
        }
        guard self.writer.backlog == 0 else { return }
        self.shard.loop.change(self, to: self.interest.subtracting(.output))
        self.outputChanged()
        if self.phase == .flushing {
            // What is still to be sent to it comes first.
            if self.row.map({ self.shard.outputs.isAwaited($0) }) == true { return }
            return self.shutDownOutput()
        }
        self.stream?.outputDrained()
    }
}

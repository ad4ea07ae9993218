import ClientAddress
import EpollLoop
import Glibc
import NIOCore
import OpenSSLTLS

/// One accepted connection: the owner of its descriptor.
///
/// Bytes go in to the ``ByteStream`` that is spoken at the moment. Bytes come out once per turn of the loop, however many
/// messages there were, by the ``DirectWriter``. Lives on its shard's loop and is touched on it only.
final class Connection: Pollable {
    /// Why we closed it, as the metrics and the log name it.
    enum CloseReason: String {
        case done, slow, protocolError, timeout, drain
    }

    enum Phase {
        case open
        /// Nothing more is written; what was written is on its way out.
        case flushing
        /// Our side is shut down; the peer's end of stream is awaited so that it can read our last words.
        case lingering
        case closed
    }

    let shard: Shard
    let listener: ListenerContext
    /// The other end: of the TCP connection, or what a PROXY header says; `nil` on a unix socket.
    private(set) var peerAddress: IPAddress?
    var permit: Admission.Permit?
    /// Until a proxy has said whom it forwards.
    private(set) var proxyWait: ProxyWait?

    var stream: ByteStream?
    var phase = Phase.open
    private(set) var readsPaused = false
    /// The peer's end of stream was read.
    private var inputEnded = false
    var writer = DirectWriter()
    /// Its place in the shard's table of what is to be sent, until it is closed.
    var row: OutputRowID?
    /// The protocol has more to send after this turn's output, and is told also when the kernel takes that at once.
    var reportsNextWrite = false { didSet { self.outputChanged() } }
    /// Counts drains of the backlog, so that the progress timer can see whether anything moved.
    var progress: UInt32 = 0
    var progressTimerRuns = false
    let timerSlot = TimerSlot()
    /// `nil` on a listener without TLS, and after the end.
    var tls: TLSEngine?
    /// `nil` without TLS, and from the end of the handshake on.
    var pendingHandshake: PendingHandshake?

    /// Serves a connection that was just accepted; the descriptor is its own from now on.
    ///
    /// - Parameter address: `nil` on a unix socket.
    static func serve(_ descriptor: CInt, from address: IPAddress?, on shard: Shard, _ listener: ListenerContext) {
        shard.counters.count(listeners: listener.index + 1)
        shard.counters.listeners[listener.index].accepted &+= 1
        let connection = Connection(shard: shard, listener: listener)
        connection.peerAddress = address
        guard connection.open(descriptor) else { return }
        connection.greet()
        // It may have been refused already.
        if connection.phase == .open { connection.stream = HTTPStream(connection: connection) }
    }

    private init(shard: Shard, listener: ListenerContext) {
        self.shard = shard
        self.listener = listener
        self.proxyWait = listener.proxyVersion.map { ProxyWait(version: $0) }
        if let listener = listener.tls {
            // Only out of memory; the first read then finds no engine, and closes.
            self.tls = try? TLSEngine(context: listener.context)
        }
        super.init()
    }

    /// A connection that comes from another loop, and is not watched yet.
    init(shard: Shard, listener: ListenerContext, from other: ConnectionHandOver) {
        self.shard = shard
        self.listener = listener
        self.tls = other.engine
        self.peerAddress = other.peerAddress
        self.permit = other.permit
        super.init()
    }

    /// Begins to read.
    ///
    /// Returns `false` when that cannot be: then it is closed.
    func open(_ descriptor: CInt) -> Bool {
        do throws(IOError) {
            try self.shard.loop.watch(self, descriptor, for: .input)
        } catch {
            self.shard.core.logger.warning("a connection could not be watched, and was closed: \(error)")
            Glibc.close(descriptor)
            self.end(.error)
            return false
        }
        self.row = self.shard.connectionAdded(self)
        self.timerSlot.set(self)
        self.outputChanged()
        self.beginHandshake()
        return true
    }

    /// Why it gets no service: its request is answered with 503.
    var refusal: Admission.Refusal? { self.permit?.refusal }

    var isTLS: Bool { self.listener.tls != nil }

    private func greet() {
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

    // MARK: - Input

    override func ready(_ readiness: Readiness) {
        if readiness.contains(.output) { self.writeBacklog() }
        guard self.phase != .closed else { return }
        if readiness.contains(.input) || !readiness.isDisjoint(with: .end) {
            // After the end of input there is nothing to read, and a pause is a pause; but nobody is left to write to.
            if !self.readsPaused, !self.inputEnded { return self.read() }
            if readiness.contains(.error) { return self.end(.error) }
            if readiness.contains(.hangUp) { return self.end(.closed) }
            // Only now does a pause cost a call: most are over before anything comes.
            self.shard.loop.change(self, to: self.interest.subtracting(.input).union(.inputEnd))
        } else if readiness.contains(.inputEnd) {
            self.shard.loop.change(self, to: self.interest.subtracting(.inputEnd))
            self.stream?.peerEndsBehindPause()
        }
    }

    private func read() {
        let buffer = self.shard.receiveBuffer
        let count = recv(self.descriptor, buffer.baseAddress, buffer.count, 0)
        if count > 0 { return self.received(UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])) }
        if count == 0 { return self.inputClosed() }
        switch errno {
        // The next cycle tells of it again.
        case EAGAIN, EINTR: break
        default: self.end(.error)
        }
    }

    private func received(_ bytes: UnsafeMutableRawBufferPointer) {
        guard self.phase == .open else { return }
        self.shard.counters.receivedBytes &+= UInt64(bytes.count)
        self.shard.grew(by: bytes.count)
        defer { self.shard.relieveMemory() }
        var bytes = bytes
        if self.proxyWait != nil {
            var wait = self.proxyWait
            let result = self.takeProxyHeader(UnsafeRawBufferPointer(bytes), &wait)
            self.proxyWait = wait
            guard let taken = result else { return }
            bytes = UnsafeMutableRawBufferPointer(rebasing: bytes[taken...])
            guard !bytes.isEmpty else { return }
        }
        if self.isTLS {
            guard let engine = self.tls else { return self.end(.closed) }
            return self.receiveEncrypted(UnsafeRawBufferPointer(bytes), engine)
        }
        self.deliver(bytes)
    }

    /// Plain bytes for the protocol, which may change them in place.
    func deliver(_ bytes: UnsafeMutableRawBufferPointer) {
        guard self.phase == .open else { return }
        self.stream?.received(bytes)
    }

    private func inputClosed() {
        self.inputEnded = true
        self.watchInput(false)
        switch self.phase {
        case .open:
            if let error = self.tls?.inputEnded() {
                // Cut off: what came last may not be the end of what was sent.
                self.shard.counters.tlsFailed(error, listener: self.listener)
                return self.end(.error)
            }
            self.peerEnded()
        case .flushing, .closed:
            break
        case .lingering:
            self.end(.closed)
        }
    }

    /// The peer sends nothing more, and has said so.
    func peerEnded() {
        guard self.phase == .open else { return }
        self.stream?.inputClosed()
    }

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

    /// Stops or resumes reading from the peer, so that back-pressure reaches TCP.
    func setReadsPaused(_ paused: Bool) {
        guard paused != self.readsPaused, self.phase == .open else { return }
        self.readsPaused = paused
        if !paused { self.watchInput(!self.inputEnded) }
    }

    /// The last that is wanted of the peer is its end.
    func readToTheEnd() {
        if self.inputEnded { return self.end(.closed) }
        self.readsPaused = false
        self.watchInput(true)
    }

    private func watchInput(_ watches: Bool) {
        self.shard.loop.change(
            self,
            to: (watches ? self.interest.union(.input) : self.interest.subtracting(.input)).subtracting(.inputEnd))
    }

    override func loopEnds() { self.end(.closed) }
}

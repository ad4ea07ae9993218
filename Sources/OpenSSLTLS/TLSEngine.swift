import COpenSSL
package import struct NIOCore.ByteBuffer

/// The server's side of one TLS connection, without a socket: bytes in, bytes out.
///
/// Whoever owns the connection feeds it what arrived and sends what it appends to `output`, in that order. It belongs to one
/// loop at a time, and may be given to another between calls. Between calls it holds no buffers: about 14 KiB when idle, OpenSSL's
/// included.
package final class TLSEngine {
    /// What one ``receive(_:scratch:output:now:plaintext:)`` came to.
    package struct Received: Hashable, Sendable {
        package enum State: Hashable, Sendable {
            /// More may come.
            case open
            /// The peer said that nothing more comes (close_notify). We may still send.
            case closed
            /// Nothing more is read or sent, except for what is in `output`: then close.
            case failed(TLSError)
        }

        /// The handshake became complete in this call; see ``TLSEngine/handshake``.
        package var completedHandshake: Bool
        package var state: State
    }

    private enum Phase: Hashable { case handshaking, established, closed, failed(TLSError) }

    /// How many bytes a peer may send before the handshake is complete.
    ///
    /// A ClientHello has 0.3 to 2 KiB, a client's certificate chain a few more.
    package static let handshakeLimit = 16 * 1024

    /// The best size for the scratch buffer, though any size works: several records fit, so they are delivered at once.
    package static let scratchSize = 64 * 1024

    private let ssl: OpaquePointer
    private let window: UnsafeMutablePointer<RecordWindow>
    // Has what the callbacks of OpenSSL refer to.
    private let context: TLSContext
    private var phase = Phase.handshaking
    private var sawFirstByte = false
    private var sentClose = false
    private var keyUpdates = KeyUpdateLimit()

    /// A connection that was just accepted.
    package init(context: TLSContext) throws(TLSError) {
        guard let ssl = SSL_new(context.fallback.native) else { throw .internal(ErrorQueue.drain().text) }
        let window = UnsafeMutablePointer<RecordWindow>.allocate(capacity: 1)
        window.initialize(to: RecordWindow(handshakeBudget: Self.handshakeLimit))
        guard let bio = WindowBIO.make(window) else {
            SSL_free(ssl)
            window.deallocate()
            throw .internal(ErrorQueue.drain().text)
        }
        SSL_set_bio(ssl, bio, bio)
        gatehouse_ssl_set_message_argument(ssl, window)
        SSL_set_accept_state(ssl)
        self.ssl = ssl
        self.window = window
        self.context = context
    }

    deinit {
        SSL_free(self.ssl)
        self.window.deallocate()
    }

    // MARK: - Receiving

    /// The peer sent `ciphertext`, all of which is used now.
    ///
    /// Calls `plaintext` with what was decrypted, as often as `scratch` has to be filled; its bytes are valid, and may be
    /// changed, during that call. Within it ``handshake`` may be read, but nothing sent: the records would leave in the
    /// wrong order. `output` gets what has to be sent at once: handshake, session tickets, alerts; also when the result is
    /// a failure. `now` is asked when keys are updated.
    package func receive(
        _ ciphertext: UnsafeRawBufferPointer, scratch: UnsafeMutableRawBufferPointer, output: inout ByteBuffer,
        now: @autoclosure () -> ContinuousClock.Instant, plaintext: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Received {
        guard case .handshaking = self.phase, !self.sawFirstByte, let first = ciphertext.first else {
            return self.process(ciphertext, scratch, &output, now, plaintext)
        }
        self.sawFirstByte = true
        // A handshake record begins with 22. A capital letter begins the method of a request.
        guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else {
            return self.process(ciphertext, scratch, &output, now, plaintext)
        }
        output.writeStaticString(Self.answerToPlaintext)
        return Received(completedHandshake: false, state: self.fail(.plaintext))
    }

    /// The peer's end of the stream came.
    ///
    /// Nil when that is in order; an error when bytes may be missing.
    package func inputEnded() -> TLSError? {
        switch self.phase {
        case .closed: return nil
        case .failed(let error): return error
        // Many clients only close after our close_notify; nothing that we wait for can be missing.
        case .established where self.sentClose: return nil
        case .established, .handshaking:
            self.phase = .failed(.truncated)
            return .truncated
        }
    }

    private func process(
        _ ciphertext: UnsafeRawBufferPointer, _ scratch: UnsafeMutableRawBufferPointer, _ output: inout ByteBuffer,
        _ now: () -> ContinuousClock.Instant, _ plaintext: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Received {
        switch self.phase {
        case .handshaking, .established: break
        case .closed: return Received(completedHandshake: false, state: .closed)
        case .failed(let error): return Received(completedHandshake: false, state: .failed(error))
        }
        return self.lending(ciphertext, &output) {
            var completed = false
            if self.phase == .handshaking {
                if let outcome = self.shakeHands() { return Received(completedHandshake: false, state: outcome) }
                completed = true
            }
            return Received(completedHandshake: completed, state: self.decrypt(scratch, now, plaintext))
        }
    }

    /// Nil when the handshake is complete.
    private func shakeHands() -> Received.State? {
        let result = SSL_do_handshake(self.ssl)
        if result == 1 {
            self.window.pointee.handshakeBudget = .max
            self.phase = .established
            return nil
        }
        guard SSL_get_error(self.ssl, result) == SSL_ERROR_WANT_READ else { return self.failFromQueue() }
        return self.window.pointee.handshakeBudget > 0 ? .open : self.fail(.handshakeTooLarge)
    }

    private func decrypt(
        _ scratch: UnsafeMutableRawBufferPointer, _ now: () -> ContinuousClock.Instant,
        _ plaintext: (UnsafeMutableRawBufferPointer) -> Void
    ) -> Received.State {
        precondition(!scratch.isEmpty, "decrypting needs room")
        var filled = 0
        while true {
            var count = 0
            let room = UnsafeMutableRawBufferPointer(rebasing: scratch[filled...])
            let state: Received.State
            if SSL_read_ex(self.ssl, room.baseAddress, room.count, &count) == 1 {
                filled += count
                if filled == scratch.count {
                    plaintext(scratch)
                    filled = 0
                    // It may have used OpenSSL, whose errors would be taken for those of the next read.
                    ErrorQueue.clear()
                }
                // When all is read, another call would only allocate and free a buffer to say that it wants more.
                guard self.window.pointee.input.isEmpty, SSL_has_pending(self.ssl) == 0 else { continue }
                state = self.stateAfterRead(SSL_ERROR_WANT_READ, now)
            } else {
                // Asked before `plaintext` runs, for the same reason.
                state = self.stateAfterRead(SSL_get_error(self.ssl, 0), now)
            }
            if filled > 0 { plaintext(UnsafeMutableRawBufferPointer(rebasing: scratch[..<filled])) }
            return state
        }
    }

    private func stateAfterRead(_ code: Int32, _ now: () -> ContinuousClock.Instant) -> Received.State {
        let updates = self.window.pointee.keyUpdates
        if updates > 0 {
            self.window.pointee.keyUpdates = 0
            if !self.keyUpdates.allows(updates, now: now()) { return self.end(with: .tooManyKeyUpdates) }
        }
        if self.window.pointee.renegotiationRefused { return self.end(with: .renegotiation) }
        switch code {
        case SSL_ERROR_WANT_READ:
            return .open
        case SSL_ERROR_ZERO_RETURN:
            self.phase = .closed
            return .closed
        default:
            return self.failFromQueue()
        }
    }

    // MARK: - Sending

    /// Encrypts all of `plaintext` into records of at most 16 KiB, appended to `output`.
    ///
    /// One call makes as few records as possible: give it the messages of a turn together.
    package func send(_ plaintext: UnsafeRawBufferPointer, output: inout ByteBuffer) throws(TLSError) {
        switch self.phase {
        case .established where !self.sentClose, .closed where !self.sentClose: break
        case .failed(let error): throw error
        case .handshaking, .established, .closed: throw .internal("sent before the handshake or after the end")
        }
        guard !plaintext.isEmpty else { return }
        let records = plaintext.count / Self.recordSize + 1
        output.reserveCapacity(minimumWritableBytes: plaintext.count + records * Self.recordOverhead)
        let failure: TLSError? = self.lending(UnsafeRawBufferPointer(start: nil, count: 0), &output) {
            var count = 0
            if SSL_write_ex(self.ssl, plaintext.baseAddress, plaintext.count, &count) == 1 { return nil }
            let error = TLSError.internal(ErrorQueue.drain().text)
            self.phase = .failed(error)
            return error
        }
        if let failure { throw failure }
    }

    /// We send nothing more: appends close_notify, once.
    ///
    /// Before the handshake and after a failure there is none to send.
    package func shutdown(output: inout ByteBuffer) {
        guard self.phase == .established || self.phase == .closed, !self.sentClose else { return }
        self.lending(UnsafeRawBufferPointer(start: nil, count: 0), &output) {
            self.closeOutput()
        }
    }

    // MARK: - State

    /// Whether plaintext can be sent.
    package var isEstablished: Bool {
        (self.phase == .established || self.phase == .closed) && !self.sentClose
    }

    /// What was agreed on; nil before the handshake is complete.
    ///
    /// Read from OpenSSL each time, so that an idle connection holds no strings for it.
    package var handshake: TLSHandshake? {
        guard SSL_is_init_finished(self.ssl) == 1, self.phase != .handshaking else { return nil }
        return TLSHandshake(reading: self.ssl)
    }

    // MARK: - Details

    private static let recordSize = 16 * 1024
    /// Header, content type, nonce and tag: at most 5 + 1 + 8 + 16.
    private static let recordOverhead = 32

    private static let answerToPlaintext: StaticString = """
        HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 46\r\nConnection: close\r\n\r\n\
        This port speaks TLS: use https:// or wss://.\n
        """

    /// Lends memory to OpenSSL while `body` runs.
    private func lending<Result>(
        _ input: UnsafeRawBufferPointer, _ output: inout ByteBuffer, _ body: () -> Result
    ) -> Result {
        precondition(self.window.pointee.output == nil, "the engine is used from within its own call")
        return withUnsafeMutablePointer(to: &output) { output in
            self.window.pointee.input = input
            self.window.pointee.output = output
            defer {
                self.window.pointee.stopReading()
                self.window.pointee.output = nil
            }
            // Whatever other connections of this thread left there would be taken for ours.
            ErrorQueue.clear()
            return body()
        }
    }

    private func closeOutput() {
        self.sentClose = true
        if SSL_shutdown(self.ssl) < 0 { ErrorQueue.clear() }
    }

    /// A limit of ours: OpenSSL sees nothing wrong, so it can still say goodbye.
    private func end(with error: TLSError) -> Received.State {
        self.closeOutput()
        return self.fail(error)
    }

    private func failFromQueue() -> Received.State {
        self.fail(ErrorQueue.drain().connectionError(verification: SSL_get_verify_result(self.ssl)))
    }

    private func fail(_ error: TLSError) -> Received.State {
        self.phase = .failed(error)
        return .failed(error)
    }
}

import COpenSSL
import NIOCore

@testable import OpenSSLTLS

/// The client's side of a connection, over the same window as the engine.
///
/// Checks the server's certificate only when asked.
final class TestClient {
    struct Setup {
        var minimum = TLS1_2_VERSION
        var maximum = TLS1_3_VERSION
        var serverName: String?
        var protocols: [String] = []
        var certificate: TLSContext.Options.KeyPair?
        var session: Session?
        var trusted: String?
    }

    /// What makes resumption possible; kept between connections.
    final class Session {
        let native: OpaquePointer
        init(owning native: OpaquePointer) { self.native = native }
        deinit { SSL_SESSION_free(self.native) }
    }

    let ssl: OpaquePointer
    private let context: OpaquePointer
    private let window: UnsafeMutablePointer<RecordWindow>
    private(set) var received: [UInt8] = []
    private(set) var isConnected = false
    /// The server sent close_notify.
    private(set) var isClosed = false
    private(set) var error: ErrorQueue?

    init(_ setup: Setup = Setup()) {
        let context = SSL_CTX_new(TLS_client_method())!
        // Level 0, so that versions which the server has to refuse can be offered at all.
        SSL_CTX_set_security_level(context, 0)
        precondition(gatehouse_ctx_set_min_version(context, setup.minimum) == 1)
        precondition(gatehouse_ctx_set_max_version(context, setup.maximum) == 1)
        if let files = setup.certificate {
            precondition(SSL_CTX_use_certificate_chain_file(context, files.certificate) == 1)
            precondition(SSL_CTX_use_PrivateKey_file(context, files.key, SSL_FILETYPE_PEM) == 1)
        }
        if let trusted = setup.trusted {
            precondition(SSL_CTX_load_verify_file(context, trusted) == 1)
            SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        }
        let list = setup.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        if !list.isEmpty { precondition(SSL_CTX_set_alpn_protos(context, list, UInt32(list.count)) == 0) }
        self.context = context
        self.ssl = SSL_new(context)
        self.window = .allocate(capacity: 1)
        self.window.initialize(to: RecordWindow(handshakeBudget: .max))
        let bio = WindowBIO.make(self.window)
        SSL_set_bio(self.ssl, bio, bio)
        if let name = setup.serverName { precondition(gatehouse_ssl_set_host_name(self.ssl, name) == 1) }
        if let session = setup.session { precondition(SSL_set_session(self.ssl, session.native) == 1) }
        SSL_set_connect_state(self.ssl)
    }

    deinit {
        // Else OpenSSL takes the session of a connection without close_notify for a broken one.
        SSL_set_shutdown(self.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN)
        SSL_free(self.ssl)
        SSL_CTX_free(self.context)
        self.window.deallocate()
    }

    /// Takes what the server sent; returns what to send to it.
    func receive(_ bytes: [UInt8]) -> [UInt8] {
        self.lending(bytes) {
            if !self.isConnected {
                let result = SSL_do_handshake(self.ssl)
                guard result == 1 else { return self.note(SSL_get_error(self.ssl, result)) }
                self.isConnected = true
            }
            var chunk = [UInt8](repeating: 0, count: 16_384)
            while true {
                var count = 0
                guard SSL_read_ex(self.ssl, &chunk, chunk.count, &count) == 1 else {
                    return self.note(SSL_get_error(self.ssl, 0))
                }
                self.received += chunk.prefix(count)
            }
        }
    }

    func send(_ bytes: [UInt8]) -> [UInt8] {
        self.perform { _ = SSL_write($0, bytes, Int32(bytes.count)) }
    }

    func close() -> [UInt8] {
        self.perform { _ = SSL_shutdown($0) }
    }

    /// Does something with the connection and returns the records that it made.
    func perform(_ body: (OpaquePointer) -> Void) -> [UInt8] {
        self.lending([]) { body(self.ssl) }
    }

    func takeReceived() -> [UInt8] {
        defer { self.received = [] }
        return self.received
    }

    var session: Session? { SSL_get1_session(self.ssl).map { Session(owning: $0) } }

    /// The subject of the certificate that the server showed.
    var serverSubject: String? {
        SSL_get1_peer_certificate(self.ssl).map { Certificate(owning: $0).subject }
    }

    private func note(_ code: Int32) {
        switch code {
        case SSL_ERROR_WANT_READ: break
        case SSL_ERROR_ZERO_RETURN: self.isClosed = true
        default: self.error = self.error ?? ErrorQueue.drain()
        }
    }

    private func lending(_ input: [UInt8], _ body: () -> Void) -> [UInt8] {
        var output = ByteBuffer()
        ErrorQueue.clear()
        input.withUnsafeBytes { input in
            withUnsafeMutablePointer(to: &output) { output in
                self.window.pointee.input = input
                self.window.pointee.output = output
                body()
                self.window.pointee.stopReading()
                self.window.pointee.output = nil
            }
        }
        return Array(output.readableBytesView)
    }
}

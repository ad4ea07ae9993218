import AsyncHTTPClient
import Configuration
import Foundation
import HandlerContract
import NIOCore
import NIOPosix
import NIOSSL

/// The options of an HTTP handler, checked and in the form that calls need; nothing in it has to be closed.
struct HTTPHandlerSetup: Sendable {
    /// Connections close after so long without a request.
    ///
    /// Shorter than the 5 s after which Node.js closes its end: the server would close just as we send, and an event that
    /// may not come twice would be lost.
    static let idleTimeout = TimeAmount.seconds(4)
    /// Of the TCP and TLS handshakes together; the deadline of a call may be earlier.
    static let connectTimeout = TimeAmount.seconds(10)

    let name: String
    let timeout: Duration
    let concurrency: Int
    /// Everything but the header fields and the body.
    let request: HTTPClient.Request
    let signature: WebhookSignature?
    /// Sent as `gatehouse/<version>`.
    let version: String
    private let authority: Authority?

    /// The certificates that a handler's own may be signed by, as their file was when it was read.
    private struct Authority: Sendable {
        var path: String
        var bytes: [UInt8]
        var roots: NIOSSLTrustRoots
    }

    init(
        name: String, options: GatewayConfiguration.HTTPHandler, version: String
    ) throws(HandlerSetupError) {
        self.name = name
        self.version = version
        timeout = options.timeout
        concurrency = max(1, options.concurrency)
        request = try Self.request(to: options.url, handler: name)
        signature = try Self.signature(with: options.signingKeys, handler: name)
        authority = try Self.authority(in: options.certificateAuthority, handler: name)
    }

    /// A client that has to be shut down.
    func makeClient() -> HTTPClient {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = Self.connectTimeout
        configuration.connectionPool.idleTimeout = Self.idleTimeout
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = concurrency
        // When to try again is decided here, for the whole call.
        configuration.connectionPool.retryConnectionEstablishment = false
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let authority { tls.trustRoots = authority.roots }
        configuration.tlsConfiguration = tls
        // All on one loop: where a request and its connection are on two, async-http-client 1.37 hears of the request's end
        // a turn later, and traps when a backend that answered at once has closed the connection meanwhile.
        return HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton.next()), configuration: configuration)
    }

    private static func request(
        to url: String, handler: String
    ) throws(HandlerSetupError) -> HTTPClient.Request {
        let request: HTTPClient.Request
        do {
            request = try HTTPClient.Request(url: url, method: .POST)
        } catch {
            throw HandlerSetupError(handler: handler, reason: "url is not a URL such as http://127.0.0.1:3000/events")
        }
        guard ["http", "https"].contains(request.scheme) else {
            throw HandlerSetupError(handler: handler, reason: "url must begin with http:// or https://")
        }
        guard request.url.user == nil, request.url.password == nil else {
            throw HandlerSetupError(handler: handler, reason: "url must not contain a user or a password")
        }
        return request
    }

    private static func signature(
        with keys: [Secret], handler: String
    ) throws(HandlerSetupError) -> WebhookSignature? {
        guard keys.count <= 2 else {
            throw HandlerSetupError(
                handler: handler, reason: "at most two signingKeys: the current and the previous one")
        }
        var parsed: [SigningKey] = []
        for (index, key) in keys.enumerated() {
            do {
                parsed.append(try SigningKey(key.value))
            } catch {
                throw HandlerSetupError(handler: handler, reason: "signingKeys/\(index): \(error.reason)")
            }
        }
        guard let current = parsed.first else { return nil }
        return WebhookSignature(current: current, previous: parsed.dropFirst().first)
    }

    /// Whether a file that the options name is not what it was when it was read.
    var isOutdated: Bool {
        guard let authority else { return false }
        return (try? Self.content(of: authority.path)) != authority.bytes
    }

    private static func authority(
        in path: String?, handler: String
    ) throws(HandlerSetupError) -> Authority? {
        guard let path else { return nil }
        do {
            let bytes = try content(of: path)
            let certificates = try NIOSSLCertificate.fromPEMBytes(bytes)
            if !certificates.isEmpty { return Authority(path: path, bytes: bytes, roots: .certificates(certificates)) }
        } catch {
            // Told below: what the library says names neither the file nor what to do.
        }
        throw HandlerSetupError(
            handler: handler, reason: "tls.ca: \(path) cannot be read or has no PEM certificate")
    }

    private static func content(of path: String) throws -> [UInt8] {
        try Array(Data(contentsOf: URL(fileURLWithPath: path)))
    }
}

import Configuration
import Crypto
import Foundation
import Logging
import NIOCore

/// The browser client that `serveClient` names, served beside the endpoint's path as Socket.IO servers do.
struct ClientBundle: Sendable {
    /// No client is near this size; a wrong path should not fill the memory.
    private static let maxBytes = 8 * 1_024 * 1_024

    private let fileName: String
    private let body: ByteBuffer
    private let compressed: ByteBuffer?
    private let entityTag: String

    /// Reads what the configuration names.
    ///
    /// A missing file is a warning: everything else works without it.
    static func load(_ configuration: GatewayConfiguration, logger: Logger) -> [String: ClientBundle] {
        var bundles: [String: ClientBundle] = [:]
        for endpoint in configuration.endpoints {
            guard let path = endpoint.serveClient, bundles[path] == nil else { continue }
            guard let data = FileManager.default.contents(atPath: path), data.count <= Self.maxBytes else {
                logger.warning(
                    "endpoint \(endpoint.name): serveClient: cannot read \(path); browsers will not get the client (run Deploy/client.sh)"
                )
                continue
            }
            bundles[path] = ClientBundle(fileName: (path as NSString).lastPathComponent, data: data)
        }
        return bundles
    }

    private init(fileName: String, data: Data) {
        self.fileName = fileName
        self.body = ByteBuffer(bytes: data)
        self.compressed = Compressor().compress(self.body, .gzip)
        self.entityTag = "\"" + SHA256.hash(data: data).prefix(12).map { String(format: "%02x", $0) }.joined() + "\""
    }

    /// Answers when the request is for the client.
    ///
    /// Returns `false` for anything else.
    func serve(_ exchange: HTTPExchange, under path: String) -> Bool {
        let head = exchange.head
        guard head.method == .get || head.method == .head, !head.hasQuery else { return false }
        let base = path.hasSuffix("/") ? path : path + "/"
        guard head.path == base + self.fileName || head.path == base + "socket.io.js" else { return false }
        var headers = [
            (name: "content-type", value: "application/javascript; charset=utf-8"), ("etag", self.entityTag),
            ("cache-control", "public, max-age=0"), ("vary", "Accept-Encoding"),
        ]
        if head.headers.first("if-none-match") == self.entityTag {
            exchange.respond(HTTPResponse(304, headers: headers))
            return true
        }
        let accepted = head.headers.first("accept-encoding").flatMap(ContentEncoding.init(accepting:))
        if accepted == .gzip, let compressed = self.compressed {
            headers.append(("content-encoding", "gzip"))
            exchange.respond(HTTPResponse(200, headers: headers, body: compressed))
        } else {
            exchange.respond(HTTPResponse(200, headers: headers, body: self.body))
        }
        return true
    }
}

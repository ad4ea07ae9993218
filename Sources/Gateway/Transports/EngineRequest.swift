import EngineIO
import HTTP1
import NIOCore

/// What a session needs of a request that was made for it, and the way to answer.
///
/// May come from another loop. Says what its header fields say when somebody asks: for most requests nobody does.
struct EngineRequest: Sendable {
    let reply: ExchangeReply
    let body: ByteBuffer
    private let headers: Headers

    /// Tells requests apart, as long as they live.
    var id: ObjectIdentifier { self.reply.id }

    init(_ exchange: HTTPExchange) {
        self.reply = exchange.reply
        self.body = exchange.body
        self.headers = exchange.head.headers
    }

    /// For the CORS fields of the answer.
    var origin: String? { self.headers.first("origin") }

    /// As received; read only when there is something to compress.
    var acceptEncoding: String? { self.headers.first("accept-encoding") }

    /// The body is bytes and not text: protocol 3 has a form for it.
    var isBinary: Bool { self.headers.value(of: "content-type", hasPrefix: "application/octet-stream") }

    /// No field of the answer depends on the request.
    var isPlain: Bool { !self.isInternetExplorer }

    /// An old one, whose answers have a field of their own.
    var isInternetExplorer: Bool {
        self.headers.withValue(of: "user-agent") { agent in
            Self.contains("MSIE", in: agent) || Self.contains("Trident/", in: agent)
        } ?? false
    }

    private static func contains(_ word: StaticString, in text: UnsafeRawBufferPointer) -> Bool {
        word.withUTF8Buffer { word in
            var rest = text[...]
            while let start = rest.firstIndex(of: word[0]) {
                rest = rest[start...]
                if rest.starts(with: word) { return true }
                rest = rest.dropFirst()
            }
            return false
        }
    }
}

import EngineIO
import HTTP1
import NIOCore

/// What a session needs of a request that was made for it, and the way to answer.
///
/// May come from another loop. One reference, because a poll goes through many hands; says what its header fields say when
/// somebody asks: for most requests nobody does.
struct EngineRequest: Sendable {
    /// What it says of the request is read on the session's loop, which may be another one: it does not change before it is
    /// answered, nor after that as long as somebody holds it.
    nonisolated(unsafe) let exchange: HTTPExchange

    /// Tells requests apart, as long as they are held.
    var id: ObjectIdentifier { ObjectIdentifier(self.exchange) }

    init(_ exchange: HTTPExchange) {
        self.exchange = exchange
    }

    var reply: ExchangeReply { self.exchange.reply }

    var body: ByteBuffer { self.exchange.body }

    private var head: RequestHead { self.exchange.head }

    /// Its connection is one of that shard's: it may be answered, and held, without a detour.
    func isOn(_ shard: Shard) -> Bool { self.exchange.connection.shard === shard }

    /// The same for the shard of an endpoint, which that does not hold on to.
    func isOnShard(of endpoint: Endpoint) -> Bool {
        ObjectIdentifier(self.exchange.connection.shard) == endpoint.shardID
    }

    /// For the CORS fields of the answer.
    var origin: String? { self.head.headers.first("origin") }

    /// As received; read only when there is something to compress.
    var acceptEncoding: String? { self.head.headers.first("accept-encoding") }

    /// The body is bytes and not text: protocol 3 has a form for it.
    var isBinary: Bool { self.head.headers.value(of: "content-type", hasPrefix: "application/octet-stream") }

    /// No field of the answer depends on the request.
    var isPlain: Bool { !self.isInternetExplorer }

    /// An old one, whose answers have a field of their own.
    var isInternetExplorer: Bool {
        let head = self.head
        guard head.mayHave("user-agent") else { return false }
        return head.headers.withValue(of: "user-agent") { agent in
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

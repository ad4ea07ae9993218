import EngineIO
import NIOCore

/// What a session needs of a request that was made for it, and the way to answer.
///
/// May come from another loop.
struct EngineRequest: Sendable {
    let reply: ExchangeReply
    let body: ByteBuffer
    /// `Origin`, for the CORS fields of the answer.
    let origin: String?
    /// As received; read only when there is something to compress.
    let acceptEncoding: String?
    /// Old Internet Explorers guess at content; the reference server tells them not to.
    let isInternetExplorer: Bool
    let contentType: String?

    /// Tells requests apart, as long as they live.
    var id: ObjectIdentifier { self.reply.id }

    /// No field of the answer depends on the request.
    var isPlain: Bool { !self.isInternetExplorer }

    init(_ exchange: HTTPExchange) {
        let headers = exchange.head.headers
        self.reply = exchange.reply
        self.body = exchange.body
        self.origin = headers.first("origin")
        self.acceptEncoding = headers.first("accept-encoding")
        self.isInternetExplorer = headers.bytes(of: "user-agent").map(Self.isInternetExplorer) ?? false
        self.contentType = exchange.head.method == .post ? headers.first("content-type") : nil
    }

    private static func isInternetExplorer(_ agent: ByteBuffer) -> Bool {
        agent.withUnsafeReadableBytes { agent in
            [StaticString("MSIE"), StaticString("Trident/")].contains { word in
                word.withUTF8Buffer { word in
                    guard agent.count >= word.count else { return false }
                    return (0...agent.count - word.count).contains { start in
                        agent[start] == word[0] && agent[start..<start + word.count].elementsEqual(word)
                    }
                }
            }
        }
    }
}

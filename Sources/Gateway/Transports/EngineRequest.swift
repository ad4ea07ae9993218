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
    let encoding: ContentEncoding?
    /// Old Internet Explorers guess at content; the reference server tells them not to.
    let isInternetExplorer: Bool
    let contentType: String?

    /// Tells requests apart, as long as they live.
    var id: ObjectIdentifier { self.reply.id }

    init(_ exchange: HTTPExchange) {
        let headers = exchange.head.headers
        self.reply = exchange.reply
        self.body = exchange.body
        self.origin = headers.first("origin")
        self.encoding = headers.first("accept-encoding").flatMap(ContentEncoding.init(accepting:))
        let agent = headers.first("user-agent") ?? ""
        self.isInternetExplorer = agent.contains("MSIE") || agent.contains("Trident/")
        self.contentType = headers.first("content-type")
    }
}

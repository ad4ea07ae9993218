import NIOCore

/// A request of a long-polling client, for a session that may live on another loop.
struct PollRequest: Sendable {
    let reply: ExchangeReply
    let body: ByteBuffer
    /// `Origin`, for the fields of the answer that let a page read it.
    let origin: String?

    init(_ exchange: HTTPExchange) {
        self.reply = exchange.reply
        self.body = exchange.body
        self.origin = exchange.head.headers.first("origin")
    }
}

import HTTP1
import NIOCore

/// One request and the answer that it will get.
///
/// Lives on its connection's loop.
final class HTTPExchange {
    let head: RequestHead
    private(set) var body = ByteBuffer()
    /// Called when the connection goes away before the answer was given.
    var onAbort: (() -> Void)?
    /// Until it is answered, or the connection has gone.
    private var stream: HTTPStream?
    let connection: Connection
    /// Where the answer is counted; set when its endpoint is known.
    var counters: EndpointCounters?
    private(set) var isAnswered = false
    /// The place of the session that the request begins.
    var hold: SessionHold?
    /// It was answered by us, and not ended by the connection's end.
    private(set) var wasAnswered = false
    /// Its endpoint has been told of it before its body was there.
    var isAnnounced = false

    init(head: RequestHead, stream: HTTPStream, connection: Connection) {
        self.head = head
        self.stream = stream
        self.connection = connection
    }

    /// More of the body has come; the first part is shared and not copied, and most bodies have no other.
    func append(_ part: ByteBuffer) {
        if self.body.readableBytes == 0 { self.body = part } else { self.body.writeImmutableBuffer(part) }
    }

    var shard: Shard { self.connection.shard }

    /// A handle by which any thread can answer.
    var reply: ExchangeReply { ExchangeReply(self) }

    /// Answers.
    ///
    /// The second answer to a request, and one after the connection has gone, are dropped.
    func respond(_ response: HTTPResponse) {
        guard !self.isAnswered else { return }
        self.isAnswered = true
        self.wasAnswered = true
        self.onAbort = nil
        self.stream.take()?.write(response, for: self)
    }

    /// The connection has gone.
    func abort() {
        self.stream = nil
        guard !self.isAnswered else { return }
        self.isAnswered = true
        let handler = self.onAbort.take()
        handler?()
    }

    /// Takes the connection out of HTTP.
    ///
    /// Returns it with the bytes that followed the request.
    func takeConnection() -> (Connection, leftover: ByteBuffer)? {
        guard !self.isAnswered, let leftover = self.stream?.surrender() else { return nil }
        self.isAnswered = true
        self.onAbort = nil
        self.stream = nil
        return (self.connection, leftover)
    }
}

/// Answers an exchange from any thread.
struct ExchangeReply: Sendable {
    private let exchange: NIOLoopBound<HTTPExchange>
    /// Tells requests apart, as long as they live.
    let id: ObjectIdentifier

    private var loop: any EventLoop { self.exchange.eventLoop }

    fileprivate init(_ exchange: HTTPExchange) {
        self.id = ObjectIdentifier(exchange)
        self.exchange = NIOLoopBound(exchange, eventLoop: exchange.connection.shard.loop)
    }

    /// Calls `body`, on the connection's loop, when the connection goes away before the answer was given.
    func onAbort(_ body: @escaping @Sendable () -> Void) {
        if self.loop.inEventLoop {
            Self.watch(self.exchange.value, body)
        } else {
            self.loop.execute { [exchange] in Self.watch(exchange.value, body) }
        }
    }

    private static func watch(_ exchange: HTTPExchange, _ body: @escaping @Sendable () -> Void) {
        if exchange.isAnswered, !exchange.wasAnswered { body() } else { exchange.onAbort = body }
    }

    /// The word of ``onAbort(_:)`` is not wanted any more.
    func forgetAbort() {
        if self.loop.inEventLoop {
            self.exchange.value.onAbort = nil
        } else {
            self.loop.execute { [exchange] in exchange.value.onAbort = nil }
        }
    }

    func respond(_ response: HTTPResponse) {
        if self.loop.inEventLoop {
            self.exchange.value.respond(response)
        } else {
            self.loop.execute { [exchange] in exchange.value.respond(response) }
        }
    }
}

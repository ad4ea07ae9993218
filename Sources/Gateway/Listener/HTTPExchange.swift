import HTTP1
import NIOCore

/// One request and the answer that it will get.
///
/// Lives on its connection's loop. A connection uses the object for its next request when nobody holds it any more
/// (``HTTPStream``); who does, because an answer is late, has an exchange that is over for good.
final class HTTPExchange {
    /// Who keeps an exchange until there is something to answer, on the loop of its connection.
    protocol Holder: AnyObject {
        /// The connection has gone away; `number` is what was given to ``HTTPExchange/keep(for:number:)``.
        func exchangeLost(_ number: UInt32)
    }

    /// `nil` between two requests.
    private var request: RequestHead?
    /// `nil` when there is none.
    private var content: ByteBuffer?
    /// Called when the connection goes away before the answer was given.
    var onAbort: (() -> Void)?
    private var holder: (any Holder)?
    private var holderNumber: UInt32 = 0
    /// Until it is answered, or the connection has gone.
    private var stream: HTTPStream?
    let connection: Connection
    /// Whom the request is for; set when that is known.
    var endpoint: Endpoint?
    private(set) var isAnswered = false
    /// The place of the session that the request begins.
    var hold: SessionHold?
    /// It was answered by us, and not ended by the connection's end.
    private(set) var wasAnswered = false
    /// Its endpoint has been told of it before its body was there.
    var isAnnounced = false

    init(head: RequestHead, stream: HTTPStream, connection: Connection) {
        self.request = head
        self.stream = stream
        self.connection = connection
    }

    // MARK: - One request after the other

    /// The request is over, and nobody else holds the exchange: gives up what came with the request.
    ///
    /// Returns its head, whose memory may serve again.
    func end() -> RequestHead? {
        self.content = nil
        return self.request.take()
    }

    /// Becomes the exchange of the next request.
    func begin(_ head: RequestHead, stream: HTTPStream) {
        self.request = head
        self.content = nil
        self.stream = stream
        self.endpoint = nil
        self.hold = nil
        self.isAnswered = false
        self.wasAnswered = false
        self.isAnnounced = false
    }

    /// More of the body has come; the first part is shared and not copied, and most bodies have no other.
    func append(_ part: ByteBuffer) {
        if self.content?.writeImmutableBuffer(part) == nil { self.content = part }
    }

    var head: RequestHead { self.request ?? .none }
    var body: ByteBuffer { self.content ?? ByteBuffer() }
    var bodyBytes: Int { self.content?.readableBytes ?? 0 }

    var shard: Shard { self.connection.shard }

    /// Where the answer is counted.
    var counters: EndpointCounters? { self.endpoint?.counters }

    /// A handle by which any thread can answer.
    var reply: ExchangeReply { ExchangeReply(self) }

    // MARK: - The answer

    /// Somebody waits with the answer, and wants to know when nobody waits for it any more.
    var isHeld: Bool { self.holder != nil || self.onAbort != nil }

    /// Waits with the answer; on the loop only, and cheaper than ``ExchangeReply/onAbort(_:)``.
    func keep(for holder: any Holder, number: UInt32) {
        self.holder = holder
        self.holderNumber = number
    }

    /// Nobody wants to know of the connection's end.
    func letGo() {
        self.onAbort = nil
        self.holder = nil
    }

    /// Answers.
    ///
    /// The second answer to a request, and one after the connection has gone, are dropped.
    func respond(_ response: HTTPResponse) {
        self.answer()?.write(response, for: self)
    }

    /// The same with a prepared head, which is written at once and with its body.
    func respond(_ form: AnswerForms.Form, _ body: UnsafeRawBufferPointer) {
        self.answer()?.write(form, body, for: self)
    }

    /// Where the answer goes to; `nil` when there has been one.
    private func answer() -> HTTPStream? {
        guard !self.isAnswered else { return nil }
        self.isAnswered = true
        self.wasAnswered = true
        self.letGo()
        return self.stream.take()
    }

    /// The connection has gone.
    func abort() {
        self.stream = nil
        guard !self.isAnswered else { return }
        self.isAnswered = true
        self.onAbort.take()?()
        self.holder.take()?.exchangeLost(self.holderNumber)
    }

    /// Takes the connection out of HTTP.
    ///
    /// Returns it with the bytes that followed the request.
    func takeConnection() -> (Connection, leftover: ByteBuffer)? {
        guard !self.isAnswered, let leftover = self.stream?.surrender() else { return nil }
        self.isAnswered = true
        self.letGo()
        self.stream = nil
        return (self.connection, leftover)
    }
}

/// Answers an exchange from any thread.
struct ExchangeReply: Sendable {
    /// Of its parts only ``HTTPExchange/connection`` is looked at on other loops than its own.
    nonisolated(unsafe) private let exchange: HTTPExchange

    /// Tells requests apart, as long as they are held.
    var id: ObjectIdentifier { ObjectIdentifier(self.exchange) }

    private var loop: any EventLoop { self.exchange.connection.shard.loop }

    fileprivate init(_ exchange: HTTPExchange) {
        self.exchange = exchange
    }

    /// Calls `body` with the exchange on its loop: now if this is it.
    private func onLoop(_ body: @escaping @Sendable (HTTPExchange) -> Void) {
        if self.loop.inEventLoop { return body(self.exchange) }
        self.loop.execute { body(self.exchange) }
    }

    /// Calls `body`, on the connection's loop, when the connection goes away before the answer was given.
    func onAbort(_ body: @escaping @Sendable () -> Void) {
        self.onLoop { exchange in
            if exchange.isAnswered, !exchange.wasAnswered { body() } else { exchange.onAbort = body }
        }
    }

    /// The word of ``onAbort(_:)`` is not wanted any more.
    func forgetAbort() { self.onLoop { $0.letGo() } }

    func respond(_ response: HTTPResponse) { self.onLoop { $0.respond(response) } }
}

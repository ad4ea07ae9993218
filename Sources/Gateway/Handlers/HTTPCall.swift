import AsyncHTTPClient
import HandlerContract
import NIOCore
import NIOHTTP1
import Synchronization

/// What came back over HTTP, whole.
struct HTTPReply: Sendable {
    var status: Int
    var headers: HTTPHeaders
    /// Unless the status is 2xx, only its beginning: an operator may want to see that.
    var body: [UInt8]
}

/// One request on its way: collects the response within its bounds, and knows how far the request got.
final class HTTPCall: HTTPClientResponseDelegate {
    typealias Response = HTTPReply

    /// What a response's header fields may weigh together.
    static let maxHeaderBytes = 32_768
    /// What is kept of a response that is of no use.
    static let maxExcerptBytes = 4_096

    /// A bound that the response does not keep to, or a form that we do not take.
    enum Refusal: Error, Hashable, Sendable {
        case headersTooLarge, bodyTooLarge
        /// Encodings are never asked for, so that no answer can swell.
        case encoded

        var problem: String {
            switch self {
            case .headersTooLarge: "response headers larger than \(HTTPCall.maxHeaderBytes) bytes"
            case .bodyTooLarge: "response larger than \(HandlerAnswer.maxBytes) bytes"
            case .encoded: "response has a content-encoding"
            }
        }
    }

    struct Progress: Sendable {
        /// From here on the handler may have begun to work.
        var isBegun = false
        var head: HTTPResponseHead?
        var body = ByteBuffer()
        var bodyBytes = 0
    }

    private let state = Mutex(Progress())

    var progress: Progress { state.withLock { $0 } }

    func didSendRequestHead(task: HTTPClient.Task<HTTPReply>, _ head: HTTPRequestHead) {
        state.withLock { $0.isBegun = true }
    }

    func didReceiveHead(task: HTTPClient.Task<HTTPReply>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        state.withLock { $0.head = head }
        if let refusal = Self.refusal(of: head) { return task.eventLoop.makeFailedFuture(refusal) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<HTTPReply>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let fits = state.withLock { progress in
            // A part is what one read from the socket brought, so the sum cannot overflow.
            progress.bodyBytes += buffer.readableBytes
            guard progress.bodyBytes <= HandlerAnswer.maxBytes else { return false }
            if let head = progress.head, (200..<300).contains(head.status.code) {
                progress.body.writeImmutableBuffer(buffer)
            } else {
                progress.body.writeBytes(
                    buffer.readableBytesView.prefix(max(0, Self.maxExcerptBytes - progress.body.readableBytes)))
            }
            return true
        }
        return fits ? task.eventLoop.makeSucceededVoidFuture() : task.eventLoop.makeFailedFuture(Refusal.bodyTooLarge)
    }

    func didFinishRequest(task: HTTPClient.Task<HTTPReply>) throws -> HTTPReply {
        let progress = progress
        guard let head = progress.head else { throw HTTPClientError.remoteConnectionClosed }
        return HTTPReply(
            status: Int(head.status.code), headers: head.headers, body: Array(progress.body.readableBytesView))
    }

    private static func refusal(of head: HTTPResponseHead) -> Refusal? {
        var size = 0
        for (name, value) in head.headers { size += name.utf8.count + value.utf8.count + 4 }
        guard size <= maxHeaderBytes else { return .headersTooLarge }
        // Of a failure only the status counts.
        guard (200..<300).contains(head.status.code) else { return nil }
        let encodings = head.headers[canonicalForm: "content-encoding"]
        guard encodings.allSatisfy({ $0.isEmpty || $0.lowercased() == "identity" }) else { return .encoded }
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        return length > HandlerAnswer.maxBytes ? .bodyTooLarge : nil
    }
}

import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A backend on the loopback that does with every request what the test says.
final class ScriptedBackend: Sendable {
    struct Request: Sendable {
        /// 1, 2, … in the order of arrival.
        var number: Int
        var head: HTTPRequestHead
        var body: String
        var remotePort: Int?

        func header(_ name: String) -> String { head.headers.first(name: name) ?? "" }
    }

    enum Reply: Sendable {
        case json(String, status: Int = 200, headers: [(String, String)] = [])
        case status(Int, headers: [(String, String)] = [])
        /// Exactly these bytes; then the connection stays open.
        case raw(String)
        /// These bytes, and the end of the connection, although HTTP would go on with it.
        case last(String)
        /// These bytes, then a reset.
        case reset(after: String)
        /// These bytes, then a chunk of that size again and again.
        case endless(after: String, chunk: Int, every: TimeAmount)
        case silence
    }

    typealias Script = @Sendable (Request) async -> Reply

    let requests = Recorder<Request>()
    private let channel: any Channel

    /// - Parameter port: 0: any that is free.
    init(port: Int = 0, tls: NIOSSLContext? = nil, _ script: @escaping Script) async throws {
        let requests = requests
        channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandlers([
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)),
                        ScriptHandler(requests: requests, script: script),
                    ])
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
    }

    var port: Int { channel.localAddress?.port ?? 0 }
    var url: String { "http://127.0.0.1:\(port)/events?tenant=1" }

    func close() async { try? await channel.close().get() }
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let requests: Recorder<ScriptedBackend.Request>
    private let script: ScriptedBackend.Script
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(requests: Recorder<ScriptedBackend.Request>, script: @escaping ScriptedBackend.Script) {
        self.requests = requests
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.clear()
        case .body(var part):
            body.writeBuffer(&part)
        case .end:
            if let head { answer(head, on: context.channel) }
        }
    }

    private func answer(_ head: HTTPRequestHead, on channel: any Channel) {
        let request = ScriptedBackend.Request(
            number: requests.all.count + 1, head: head, body: String(buffer: body),
            remotePort: channel.remoteAddress?.port)
        requests.append(request)
        let script = script
        Task {
            let reply = await script(request)
            channel.eventLoop.execute { reply.send(on: channel) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

extension ScriptedBackend.Reply {
    fileprivate func send(on channel: any Channel) {
        switch self {
        case .json(let body, let status, let headers):
            let fields = [("content-type", "application/json"), ("content-length", "\(body.utf8.count)")] + headers
            Self.write("HTTP/1.1 \(status) X\r\n" + Self.lines(fields) + "\r\n" + body, on: channel)
        case .status(let status, let headers):
            let length = status == 204 ? [] : [("content-length", "0")]
            Self.write("HTTP/1.1 \(status) X\r\n" + Self.lines(length + headers) + "\r\n", on: channel)
        case .raw(let text):
            Self.write(text, on: channel)
        case .last(let text):
            channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in channel.close(promise: nil) }
        case .reset(let text):
            let written = channel.writeAndFlush(ByteBuffer(string: text))
            written.whenComplete { _ in
                // Without lingering, closing resets.
                let options = channel as? any SocketOptionProvider
                let set = options?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                (set ?? channel.eventLoop.makeSucceededVoidFuture()).whenComplete { _ in
                    channel.close(promise: nil)
                }
            }
        case .endless(let text, let chunk, let pause):
            Self.write(text, on: channel)
            let bytes = ByteBuffer(repeating: UInt8(ascii: " "), count: chunk)
            let task = channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: pause) { task in
                // What the client does not read does not pile up here.
                if channel.isWritable { channel.writeAndFlush(bytes, promise: nil) }
            }
            channel.closeFuture.whenComplete { _ in task.cancel() }
        case .silence:
            break
        }
    }

    private static func lines(_ fields: [(String, String)]) -> String {
        fields.map { "\($0.0): \($0.1)\r\n" }.joined()
    }

    private static func write(_ text: String, on channel: any Channel) {
        channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
    }
}

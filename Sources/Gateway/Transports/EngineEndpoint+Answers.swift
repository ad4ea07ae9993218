import Configuration
import EngineIO
import HTTP1
import NIOCore

/// What requests are answered with.
extension EngineEndpoint {
    /// Answers a poll with a packet of the protocol's own.
    func answerPoll(_ request: EngineRequest, _ packet: PacketType, for revision: ProtocolRevision) {
        self.answerPoll(request, packet.payload(PayloadFormat(text: revision)), sid: nil, compress: false)
    }

    func answerPoll(
        _ request: EngineRequest, _ body: ByteBuffer, isBinary: Bool = false, isHandshake: Bool = false,
        sid: SessionID?, compress: Bool
    ) {
        if !isBinary, request.isPlain, !isHandshake || self.options.cookie == nil,
            !compress || self.options.httpCompression.map({ body.readableBytes < $0 }) ?? true
        {
            return body.withUnsafeReadableBytes {
                self.answer(request, self.answerForms.page(origin: request.origin).poll, $0)
            }
        }
        let headers = isBinary ? Self.binaryPollHeaders : AnswerForms.pollHeaders
        self.answerUnusualPoll(request, headers, body, isHandshake: isHandshake, sid: sid, compress: compress)
    }

    private static var ok: StaticString { "ok" }
    private static let binaryPollHeaders = [
        (name: "content-type", value: "application/octet-stream"), (name: "cache-control", value: "no-store"),
    ]

    /// With a cookie, compressed, with bytes in it, or for an old browser.
    private func answerUnusualPoll(
        _ request: EngineRequest, _ headers: [(name: String, value: String)], _ body: ByteBuffer, isHandshake: Bool,
        sid: SessionID?, compress: Bool
    ) {
        var headers = headers
        if isHandshake, let cookie = self.options.cookie, let sid {
            headers.append(("set-cookie", cookie.field(value: sid.string)))
        }
        var body = body
        if compress, let threshold = self.options.httpCompression, body.readableBytes >= threshold,
            let encoding = request.acceptEncoding.flatMap(ContentEncoding.init(accepting:)),
            let compressed = self.shard.compressor.compress(body, encoding)
        {
            headers.append(("content-encoding", encoding.rawValue))
            body = compressed
        }
        self.answer(request, HTTPResponse(200, headers: headers, body: body))
    }

    func answerPost(_ request: EngineRequest) {
        let form = self.answerForms.page(origin: request.origin).post
        guard request.isInternetExplorer else {
            return Self.ok.withUTF8Buffer { self.answer(request, form, UnsafeRawBufferPointer($0)) }
        }
        var response = HTTPResponse(form, body: ByteBuffer(staticString: Self.ok))
        response.add(Self.internetExplorerField)
        request.reply.respond(response)
    }

    /// Answers with a head that was prepared: written at once when the request came on this loop.
    private func answer(_ request: EngineRequest, _ form: AnswerForms.Form, _ body: UnsafeRawBufferPointer) {
        guard request.isOnShard(of: self) else {
            return request.reply.respond(HTTPResponse(form, body: ByteBuffer(bytes: body)))
        }
        request.exchange.respond(form, body)
    }

    /// Old Internet Explorers guess at content; the reference server tells them not to.
    private static let internetExplorerField = (name: "x-xss-protection", value: "0")

    func refuse(_ request: EngineRequest, _ error: ProtocolError) {
        self.answer(request, Self.refusal(error))
    }

    func refuse(_ exchange: HTTPExchange, _ error: ProtocolError, isUpgrade: Bool) {
        if isUpgrade {
            exchange.respond(HTTPResponse(400, text: error.message, contentType: "text/html", closes: true))
        } else {
            self.refuse(EngineRequest(exchange), error)
        }
    }

    static func writeRefusal(_ error: ProtocolError, into buffer: inout ByteBuffer) {
        try? ResponseHead.write(
            status: 400, headers: [("content-type", "text/html")], contentLength: error.message.utf8.count,
            keepAlive: false, into: &buffer)
        buffer.writeString(error.message)
    }

    static func refusal(_ error: ProtocolError) -> HTTPResponse {
        var body = ByteBuffer()
        error.writeJSON(into: &body)
        return HTTPResponse(error.httpStatus, headers: [("content-type", "application/json")], body: body)
    }

    func answer(_ request: EngineRequest, _ response: HTTPResponse) {
        var response = response
        response.headers += self.crossOriginFields(request.origin)
        if request.isInternetExplorer { response.add(Self.internetExplorerField) }
        request.reply.respond(response)
    }
}

extension GatewayConfiguration.Cookie {
    /// The value of `Set-Cookie` (RFC 6265).
    fileprivate func field(value: String) -> String {
        var field = "\(self.name)=\(value)"
        if let maxAge = self.maxAge { field += "; Max-Age=\(maxAge.components.seconds)" }
        if let domain = self.domain { field += "; Domain=\(domain)" }
        field += "; Path=\(self.path)"
        if self.httpOnly { field += "; HttpOnly" }
        if self.secure { field += "; Secure" }
        switch self.sameSite {
        case .strict: field += "; SameSite=Strict"
        case .lax: field += "; SameSite=Lax"
        case .none: field += "; SameSite=None"
        }
        return field
    }
}

import HTTP1
import NIOCore

/// An answer to one request, complete.
struct HTTPResponse: Sendable {
    var status: Int
    var headers: [(name: String, value: String)]
    var body: ByteBuffer
    /// The connection is closed after it.
    var closes: Bool
    /// Status and headers prepared once, for answers that differ in their bodies only: with keep-alive, HTTP/1.1.
    var prepared: PreparedHead?

    init(
        _ status: Int, headers: [(name: String, value: String)] = [], body: ByteBuffer = ByteBuffer(),
        closes: Bool = false, prepared: PreparedHead? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.closes = closes
        self.prepared = prepared
    }

    init(_ form: AnswerForms.Form, body: ByteBuffer) {
        self.init(200, headers: form.headers, body: body, prepared: form.prepared)
    }

    /// One field more, of this answer alone.
    mutating func add(_ field: (name: String, value: String)) {
        self.headers.append(field)
        self.prepared = nil
    }

    init(_ status: Int, text: String, contentType: String = "text/plain; charset=UTF-8", closes: Bool = false) {
        self.init(status, headers: [("content-type", contentType)], body: ByteBuffer(string: text), closes: closes)
    }

    init(_ status: Int, json: [UInt8], closes: Bool = false) {
        self.init(
            status, headers: [("content-type", "application/json"), ("cache-control", "no-store")],
            body: ByteBuffer(bytes: json), closes: closes)
    }

    /// Appends the head, all but the body.
    func writeHead(
        keepAlive: Bool, version: RequestHead.Version, into buffer: inout ByteBuffer
    ) throws(ResponseHead.Refusal) {
        if let prepared = self.prepared, keepAlive, version == .http11 {
            return prepared.write(contentLength: self.body.readableBytes, into: &buffer)
        }
        try ResponseHead.write(
            status: self.status, headers: self.headers.lazy.map { ($0.name, $0.value) },
            contentLength: self.status == 304 ? nil : self.body.readableBytes, keepAlive: keepAlive, version: version,
            into: &buffer)
    }

    /// An error of the admin API (RFC 9457).
    init(
        problem status: Int, title: String, detail: String, errors: [(pointer: String, detail: String)] = [],
        headers: [(name: String, value: String)] = []
    ) {
        let body = ProblemWriter.write(status: status, title: title, detail: detail, errors: errors)
        self.init(
            status, headers: [("content-type", "application/problem+json"), ("cache-control", "no-store")] + headers,
            body: ByteBuffer(bytes: body))
    }
}

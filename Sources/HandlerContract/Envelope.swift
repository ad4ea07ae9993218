internal import Bus
import JSONScanner
import Routing
internal import struct NIOCore.ByteBuffer

/// The body of a request to a handler: one JSON object, the same on every carrier.
///
/// All of it but `delivery` stays the same over the attempts, so it is built once, in two halves.
package struct Envelope: Sendable {
    /// Up to and including `"delivery":`.
    package let head: [UInt8]
    /// From the comma after the delivery, if anything follows, to the closing brace.
    package let tail: [UInt8]

    /// The halves of one that was made before.
    package init(head: [UInt8], tail: [UInt8]) {
        self.head = head
        self.tail = tail
    }

    package init(_ input: EnvelopeInput) {
        if case .stored(_, let envelope) = input.content {
            self = envelope
            return
        }
        var writer = JSONWriter(reservingCapacity: 256)
        writer.beginObject()
        writer.member("v", 1)
        writer.member("id", input.id)
        writer.member("type", input.type.rawValue)
        writer.member("time", input.time.iso8601())
        writer.member("route", input.route)
        writer.member("node", input.node)
        writer.key("delivery")
        head = writer.bytes

        var rest = JSONWriter(reservingCapacity: 512 + input.content.weight)
        rest.beginObject()
        if let socket = input.socket { Self.write(socket, to: &rest) }
        Self.write(input.content, to: &rest)
        rest.endObject()
        // The members stand in braces of their own so far: the opening one becomes the comma after the delivery.
        var bytes = rest.bytes
        if bytes.count == 2 { bytes.removeFirst() } else { bytes[0] = UInt8(ascii: ",") }
        tail = bytes
    }

    /// The body for one attempt.
    package func body(for delivery: Delivery) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: 192)
        writer.beginObject()
        writer.member("mode", delivery.mode.rawValue)
        writer.member("attempt", delivery.attempt)
        writer.member("lane", delivery.lane)
        writer.member("seq", raw: String(delivery.sequence).utf8)
        writer.member("redelivered", delivery.isRedelivered)
        if let deadline = delivery.deadlineMilliseconds { writer.member("deadlineMs", deadline) }
        writer.endObject()
        var body: [UInt8] = []
        body.reserveCapacity(head.count + writer.bytes.count + tail.count)
        body += head
        body += writer.bytes
        body += tail
        return body
    }

    /// Several bodies as one: `{"v":1,"batch":[…]}`.
    package static func batch(_ bodies: [[UInt8]]) -> [UInt8] {
        var writer = JSONWriter(reservingCapacity: bodies.reduce(32) { $0 + $1.count + 1 })
        writer.beginObject()
        writer.member("v", 1)
        writer.key("batch")
        writer.beginArray()
        for body in bodies { writer.raw(body) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private static func write(_ socket: SocketDetails, to writer: inout JSONWriter) {
        writer.key("socket")
        writer.beginObject()
        writer.member("id", socket.id)
        writer.member("session", socket.session)
        writer.member("namespace", socket.namespace)
        writer.member("protocol", socket.clientProtocol)
        if let transport = socket.transport { writer.member("transport", transport) }
        if let user = socket.user { writer.member("user", user) }
        writer.key("rooms")
        writer.beginArray()
        for room in socket.rooms { writer.value(room) }
        writer.endArray()
        writer.key("state")
        writer.beginObject()
        for (key, json) in socket.state { writer.member(key, raw: json) }
        writer.endObject()
        writer.member("connectedAt", socket.connectedAt.iso8601(.seconds))
        writer.member("recovered", socket.isRecovered)
        writer.key("remote")
        writer.beginObject()
        writer.member("ip", socket.remoteAddress)
        writer.member("tls", socket.isTLS)
        if let certificate = socket.certificate { writer.member("certificate", raw: certificate) }
        writer.endObject()
        if !socket.headers.isEmpty { write(headers: socket.headers, to: &writer) }
        writer.endObject()
    }

    /// A field that comes more than once is one member, as RFC 9110, 5.3 and RFC 6265, 5.4 combine them.
    private static func write(headers: [(name: String, value: String)], to writer: inout JSONWriter) {
        var names: [String] = []
        var values: [String: String] = [:]
        for (name, value) in headers {
            let name = name.lowercased()
            if let earlier = values[name] {
                values[name] = earlier + (name == "cookie" ? "; " : ", ") + value
            } else {
                names.append(name)
                values[name] = value
            }
        }
        writer.key("headers")
        writer.beginObject()
        for name in names { writer.member(name, values[name] ?? "") }
        writer.endObject()
    }
}

extension Envelope {
    private static func write(_ content: EnvelopeInput.Content, to writer: inout JSONWriter) {
        switch content {
        case .connected, .stored:
            break
        case .connect(let connect):
            write(connect, to: &writer)
        case .event(let name, let arguments, let attachments, let wantsAck):
            writer.member("event", name)
            writer.key("args")
            writer.beginArray()
            if !arguments.isEmpty { writer.raw(arguments) }
            writer.endArray()
            if !attachments.isEmpty {
                writer.key("attachments")
                writer.beginArray()
                for attachment in attachments { writer.raw(quotedBase64(attachment)) }
                writer.endArray()
            }
            writer.member("ack", wantsAck)
        case .message(.text(let text)):
            writer.member("text", String(decoding: text.readableBytesView, as: UTF8.self))
        case .message(.binary(let bytes)):
            writer.member("base64", raw: quotedBase64(bytes))
        case .disconnected(let reason, let duration):
            writer.member("reason", reason.rawValue)
            writer.member("durationMs", duration.wholeMilliseconds)
        case .refresh(let expiresAt, let claims):
            if let expiresAt { writer.member("expiresAt", expiresAt) }
            if let claims { writer.member("claims", raw: claims) }
        case .roomOccupied(let namespace, let room), .roomVacated(let namespace, let room):
            writer.member("namespace", namespace)
            writer.member("room", room)
        }
    }

    private static func write(_ connect: EnvelopeInput.Connect, to writer: inout JSONWriter) {
        if let auth = connect.auth { writer.member("auth", raw: auth) }
        var names: [ExactName] = []
        var values: [ExactName: String] = [:]
        for (name, value) in connect.query {
            let name = ExactName(name)
            if values.updateValue(value, forKey: name) == nil { names.append(name) }
        }
        writer.key("query")
        writer.beginObject()
        for name in names { writer.member(name.text, values[name] ?? "") }
        writer.endObject()
        if let origin = connect.origin { writer.member("origin", origin) }
        if let claims = connect.claims { writer.member("claims", raw: claims) }
    }

    private static func quotedBase64(_ buffer: ByteBuffer) -> [UInt8] {
        [UInt8(ascii: "\"")] + buffer.withUnsafeReadableBytes(Base64.encode(_:)) + [UInt8(ascii: "\"")]
    }
}

extension EnvelopeInput.Content {
    /// About how many bytes this adds to the body.
    package var weight: Int {
        switch self {
        case .event(_, let arguments, let attachments, _):
            attachments.reduce(arguments.count) { $0 + Base64.encodedCount($1.readableBytes) }
        case .message(.text(let buffer)): buffer.readableBytes
        case .message(.binary(let buffer)): Base64.encodedCount(buffer.readableBytes)
        case .connect(let connect): (connect.auth?.count ?? 0) + (connect.claims?.count ?? 0)
        case .stored(_, let envelope): envelope.head.count + envelope.tail.count
        case .connected, .disconnected, .refresh, .roomOccupied, .roomVacated: 0
        }
    }
}

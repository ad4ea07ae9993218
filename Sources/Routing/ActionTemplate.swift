internal import Bus
internal import struct NIOCore.ByteBuffer

/// An action of a route, to be filled in for one event.
///
/// Also what a literal action is read into.
package struct ActionTemplate: Sendable {
    enum Kind: Sendable {
        case emit(EmitTemplate)
        case send(to: RecipientTemplate, PayloadTemplate)
        case join(rooms: [Template], RecipientTemplate)
        case leave(rooms: [Template], RecipientTemplate)
        case disconnect(RecipientTemplate, close: Bool, reason: Template?)
        case kick(RecipientTemplate, reason: Template?)
        case state(set: [(key: Template, value: JSONTemplate)], unset: [Template], RecipientTemplate)
        case refresh(expiresAt: Int?, ttlSeconds: Double?)
        case renew(token: Template)
    }

    let kind: Kind
    /// JSON pointer of the action.
    let pointer: String

    /// The action for one event.
    ///
    /// It fails as a whole when a value is missing or may not stand where it is put.
    package func render(_ source: some TemplateSource) throws(TemplateError) -> Action {
        switch kind {
        case .emit(let emit): return .emit(try emit.render(source))
        case .send(let to, let payload):
            return .send(Send(to: try to.render(source), payload: try payload.render(source)))
        case .join(let rooms, let target):
            return .join(rooms: try rooms.names(from: source), try target.render(source))
        case .leave(let rooms, let target):
            return .leave(rooms: try rooms.names(from: source), try target.render(source))
        case .disconnect(let target, let close, let reason):
            return .disconnect(try target.render(source), close: close, reason: try reason?.text(from: source))
        case .kick(let target, let reason):
            return .kick(try target.render(source), reason: try reason?.text(from: source))
        case .state(let set, let unset, let target):
            var changes: [(key: String, json: [UInt8])] = []
            for (key, value) in set {
                let name = try key.name(from: source)
                if let literal = value.literal {
                    changes.append((name, literal))
                } else {
                    var rendering = Rendering(takesBinary: false)
                    try value.render(into: &rendering, from: source)
                    changes.append((name, rendering.bytes))
                }
            }
            return .state(set: changes, unset: try unset.names(from: source), try target.render(source))
        case .refresh(let expiresAt, let ttlSeconds):
            return .refresh(expiresAt: expiresAt, ttlSeconds: ttlSeconds)
        case .renew(let token):
            return .renew(token: try token.text(from: source))
        }
    }
}

/// An emit with templates.
struct EmitTemplate: Sendable {
    var to: RecipientTemplate
    var event: Template
    var arguments: ArgumentsTemplate
    var volatile: Bool
    var compress: Bool
    var id: Template?

    func render(_ source: some TemplateSource) throws(TemplateError) -> Emit {
        let (arguments, attachments) = try arguments.render(source)
        return Emit(
            to: try to.render(source), event: try event.eventName(from: source), arguments: arguments,
            attachments: attachments, volatile: volatile, compress: compress, id: try id?.name(from: source))
    }
}

/// The arguments of an event or an ack.
enum ArgumentsTemplate: Sendable {
    /// Nothing to fill in: bytes and binary as they are in the document.
    case literal([UInt8], attachments: [ByteBuffer])
    case template(JSONTemplate, pointer: String)

    func render(_ source: some TemplateSource) throws(TemplateError) -> (json: [UInt8], attachments: [ByteBuffer]) {
        switch self {
        case .literal(let json, let attachments): return (json, attachments)
        case .template(let template, let pointer):
            var rendering = Rendering()
            try render(template, pointer, into: &rendering, source)
            return (rendering.bytes, rendering.attachments)
        }
    }

    func render(
        _ template: JSONTemplate, _ pointer: String, into rendering: inout Rendering, _ source: some TemplateSource
    ) throws(TemplateError) {
        try template.render(into: &rendering, from: source)
        guard rendering.isComplete() else {
            throw TemplateError(
                pointer: pointer, expression: "", reason: .invalid("a placeholder names no attachment"))
        }
    }
}

/// What a `send` carries, with templates.
enum PayloadTemplate: Sendable {
    case fixed(MessageValue)
    case text(Template)
    case base64(Template)
    /// The incoming message as it is.
    case message(pointer: String)

    func render(_ source: some TemplateSource) throws(TemplateError) -> MessageValue {
        switch self {
        case .fixed(let value): return value
        case .text(let template): return .text(ByteBuffer(string: try template.text(from: source)))
        case .base64(let template):
            guard let bytes = Base64.decode(try template.text(from: source)) else {
                throw template.invalid("is not base64")
            }
            return .binary(ByteBuffer(bytes: bytes))
        case .message(let pointer):
            guard let message = source.message else {
                throw TemplateError(pointer: pointer, expression: "{message}", reason: .missing)
            }
            return message
        }
    }
}

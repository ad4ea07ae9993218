internal import JSONScanner
internal import struct NIOCore.ByteBuffer

/// The actions that need more than a recipient.
extension ActionReader {
    mutating func send(
        _ recipient: RecipientTemplate?, _ members: [String: JSONNode], _ node: JSONNode, _ pointer: String
    ) -> ActionTemplate.Kind? {
        let kinds = ["text", "base64", "message"].filter { members[$0] != nil }
        guard kinds.count == 1, let kind = kinds.first, let value = members[kind] else {
            let choice = isTemplate ? "\"text\", \"base64\" and \"message\"" : "\"text\" and \"base64\""
            fail(pointer, "exactly one of \(choice) is needed\(kinds.isEmpty ? "" : ", not \(kinds.count)")", node)
            return nil
        }
        let inner = "\(pointer)/\(kind)"
        if kind == "message" { return message(recipient, value, inner) }
        guard let template = text(value, inner) else { return nil }
        let payload: PayloadTemplate
        switch (kind, template.literal) {
        case ("text", let literal?): payload = .fixed(.text(ByteBuffer(string: literal)))
        case ("text", nil): payload = .text(template)
        case (_, let literal?):
            guard let bytes = Base64.decode(literal) else {
                fail(inner, "must be a base64 string", value)
                return nil
            }
            payload = .fixed(.binary(ByteBuffer(bytes: bytes)))
        case (_, nil): payload = .base64(template)
        }
        return recipient.map { .send(to: $0, payload) }
    }

    private mutating func message(
        _ recipient: RecipientTemplate?, _ value: JSONNode, _ pointer: String
    ) -> ActionTemplate.Kind? {
        guard isTemplate else {
            fail(pointer, "\"message\" is for routes; write \"text\" or \"base64\"", value)
            return nil
        }
        guard value.string == "{message}" else {
            fail(pointer, "must be \"{message}\", the incoming message; for anything else write \"text\"", value)
            return nil
        }
        return recipient.map { .send(to: $0, .message(pointer: pointer)) }
    }

    mutating func state(
        _ recipient: RecipientTemplate?, _ members: [String: JSONNode], _ node: JSONNode, _ pointer: String
    ) -> ActionTemplate.Kind? {
        if members["set"] == nil, members["unset"] == nil { fail(pointer, "\"set\" or \"unset\" is needed", node) }
        let unset = names(members["unset"], "\(pointer)/unset", limit: NameRules.maxRecipients)
        var set: [(key: Template, value: JSONTemplate)] = []
        if let object = members["set"] {
            if object.kind == .object {
                for member in object.members { setting(member, "\(pointer)/set", &set) }
            } else {
                fail("\(pointer)/set", "must be an object, is \(object.kind.name)", object)
            }
            let size = set.reduce(0) { $0 + ($1.key.literal?.utf8.count ?? 0) + ($1.value.literal?.count ?? 0) }
            if size > SocketState.maxBytes {
                fail("\(pointer)/set", "is larger than the \(SocketState.maxBytes) bytes of a socket's state", object)
            }
        }
        return recipient.map { .state(set: set, unset: unset, $0) }
    }

    private mutating func setting(
        _ member: JSONNode.Member, _ pointer: String, _ set: inout [(key: Template, value: JSONTemplate)]
    ) {
        let inner = "\(pointer)/\(JSONPointer.escape(member.key))"
        let key: Template
        if isTemplate {
            switch Template.compile(member.key, pointer: inner, range: member.keyRange) {
            case .success(let template): key = template
            case .failure(let error): return fail(error.pointer, error.message, error.range)
            }
        } else {
            key = Template(literal: member.key, pointer: inner)
        }
        if let literal = key.literal, let problem = NameRules.problem(with: literal) {
            return fail(inner, problem, member.keyRange)
        }
        guard isTemplate else {
            set.append((key, JSONTemplate(segments: [.literal(Array(member.value.raw))])))
            return
        }
        switch JSONTemplate.compile(member.value, pointer: inner) {
        case .success(let value): set.append((key, value))
        case .failure(let found): for error in found.all { fail(error.pointer, error.message, error.range) }
        }
    }

    mutating func refresh(
        _ members: [String: JSONNode], _ node: JSONNode, _ pointer: String
    ) -> ActionTemplate.Kind? {
        if !hasSelf { fail(pointer, "refresh is for the socket itself, and there is none here", node) }
        switch (members["expiresAt"], members["ttl"], members["token"]) {
        case (let time?, nil, nil):
            guard let seconds = time.int, seconds >= 0 else {
                fail("\(pointer)/expiresAt", "must be a Unix time in whole seconds", time)
                return nil
            }
            return .refresh(expiresAt: seconds, ttlSeconds: nil)
        case (nil, nil, let token?):
            return text(token, "\(pointer)/token").map { .renew(token: $0) }
        case (nil, let ttl?, nil):
            guard let seconds = Self.seconds(ttl) else {
                fail("\(pointer)/ttl", "must be a time such as \"15m\" (ms, s, m, h, d), or seconds, above 0", ttl)
                return nil
            }
            return .refresh(expiresAt: nil, ttlSeconds: seconds)
        default:
            fail(pointer, "exactly one of \"expiresAt\", \"ttl\" and \"token\" is needed", node)
            return nil
        }
    }

    /// Seconds from `"250ms" "25s" "2m" "1h"` or a number; nil when it is neither or beyond ten years.
    private static func seconds(_ node: JSONNode) -> Double? {
        let seconds: Double?
        if let text = node.string {
            let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            let units = ["ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400]
            guard let unit = units[String(text.dropFirst(digits.count))] else { return nil }
            seconds = Double(digits).map { $0 * unit }
        } else {
            seconds = node.double
        }
        guard let seconds, seconds > 0, seconds <= 315_360_000 else { return nil }
        return seconds
    }
}

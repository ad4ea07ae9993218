package import JSONScanner

/// What a client must be or have for a route: the `require` of the configuration.
///
/// All its parts have to be met.
package struct Requirement: Sendable {
    /// A part of a requirement, for logs and for `gatehouse route test`.
    package enum Part: Hashable, Sendable, CustomStringConvertible {
        case user, claim(String), certificate(String), inRoom

        package var description: String {
            switch self {
            case .user: "user"
            case .claim(let path): "claims.\(path)"
            case .certificate(let name): name.isEmpty ? "certificate" : "certificate.\(name)"
            case .inRoom: "inRoom"
            }
        }
    }

    private enum User: Sendable {
        /// Signed in, as whomever.
        case any
        case oneOf([Template])
    }

    private var user: User?
    private var claims: [(key: String, values: [JSONNode])] = []
    /// Nil: a client needs none.
    private var certificate: [(key: String, values: [JSONNode])]?
    private var rooms: [Template] = []

    /// Reads `{"user": true | "u42" | […], "claims": {"role": ["member", "admin"]}, "inRoom": "room:{args.0}" | […],
    /// "certificate": true | {"commonName": ["device-7"]}}`.
    ///
    /// Of a list one has to match. A claim is looked up as it is written, then as a path with dots; when it is a
    /// list itself, one of its elements has to match.
    package static func compile(_ node: JSONNode, pointer: String) -> Result<Requirement, ActionErrors> {
        var reader = ActionReader(mode: .template)
        var requirement = Requirement()
        let members = reader.members(node, pointer, known: ["user", "claims", "certificate", "inRoom"]) ?? [:]
        if let user = members["user"] {
            if user.bool == true {
                requirement.user = .any
            } else if user.kind == .string || user.kind == .array {
                requirement.user = .oneOf(reader.alternatives(user, "\(pointer)/user"))
            } else {
                reader.fail("\(pointer)/user", "must be true, a user or a list of users, is \(user.rawString)", user)
            }
        }
        if let claims = members["claims"] {
            if claims.kind != .object {
                reader.fail("\(pointer)/claims", "must be an object, is \(claims.kind.name)", claims)
            }
            for claim in claims.members {
                let inner = "\(pointer)/claims/\(JSONPointer.escape(claim.key))"
                requirement.claims.append((claim.key, reader.scalars(claim.value, inner)))
            }
        }
        if let certificate = members["certificate"] {
            requirement.certificate = reader.certificate(certificate, "\(pointer)/certificate")
        }
        if let room = members["inRoom"] { requirement.rooms = reader.alternatives(room, "\(pointer)/inRoom") }
        return reader.errors.isEmpty ? .success(requirement) : .failure(ActionErrors(reader.errors))
    }

    /// Whether the event's socket meets every part.
    package func isMet(by source: some TemplateSource) -> Bool {
        firstUnmet(by: source) == nil
    }

    /// The first part that is not met; nil when all are.
    ///
    /// A template without a value is not met.
    package func firstUnmet(by source: some TemplateSource) -> Part? {
        switch user {
        case nil: break
        case .any: if source.user == nil { return .user }
        case .oneOf(let users):
            guard let name = source.user else { return .user }
            let isMet = users.contains { user in
                (try? user.text(from: source))?.utf8.elementsEqual(name.utf8) ?? false
            }
            if !isMet { return .user }
        }
        for (key, values) in claims {
            let path = key.split(separator: ".").map(String.init)
            guard let json = source.claim([key]) ?? (path.count > 1 ? source.claim(path) : nil),
                let claim = try? JSONDocument(json).root, Self.matches(claim, values)
            else { return .claim(key) }
        }
        if let unmet = unmetName(of: source) { return unmet }
        guard !rooms.isEmpty else { return nil }
        let isIn = rooms.contains { room in
            (try? room.name(from: source)).map { source.isInRoom($0) } ?? false
        }
        return isIn ? nil : .inRoom
    }

    private func unmetName(of source: some TemplateSource) -> Part? {
        guard let certificate else { return nil }
        guard let json = source.certificateJSON, let names = try? JSONDocument(json).root
        else { return .certificate("") }
        for (key, values) in certificate {
            guard let name = names[key], Self.matches(name, values) else { return .certificate(key) }
        }
        return nil
    }

    private static func matches(_ claim: JSONNode, _ values: [JSONNode]) -> Bool {
        let present = claim.kind == .array ? claim.elements : [claim]
        return present.contains { one in values.contains { isEqual(one, $0) } }
    }

    private static func isEqual(_ left: JSONNode, _ right: JSONNode) -> Bool {
        guard left.kind == right.kind else { return false }
        switch left.kind {
        case .string: return left.string?.utf8.elementsEqual(right.string?.utf8 ?? "".utf8) ?? false
        case .number: return left.rawString == right.rawString || (left.double != nil && left.double == right.double)
        case .bool: return left.bool == right.bool
        case .object, .array, .null: return false
        }
    }
}

extension ActionReader {
    /// A name or a list of names, with templates.
    fileprivate mutating func alternatives(_ node: JSONNode, _ pointer: String) -> [Template] {
        guard node.kind == .array else { return text(node, pointer, rule: NameRules.problem(with:)).map { [$0] } ?? [] }
        if node.count == 0 { fail(pointer, "an empty list is never met", node) }
        return names(node, pointer, limit: NameRules.maxRecipients)
    }

    private static let certificateNames = ["subject", "commonName", "fingerprint", "dns", "email", "uri", "ip"]

    /// `true`, or an object of the names that a certificate may have.
    fileprivate mutating func certificate(
        _ node: JSONNode, _ pointer: String
    ) -> [(key: String, values: [JSONNode])] {
        if node.bool == true { return [] }
        guard node.kind == .object else {
            fail(pointer, "must be true or an object of names, is \(node.rawString)", node)
            return []
        }
        guard members(node, pointer, known: Self.certificateNames) != nil else { return [] }
        return node.members.filter { Self.certificateNames.contains($0.key) }.map { name in
            (name.key, scalars(name.value, "\(pointer)/\(name.key)"))
        }
    }

    /// A string, a number or a boolean, or a list of these.
    fileprivate mutating func scalars(_ node: JSONNode, _ pointer: String) -> [JSONNode] {
        let isList = node.kind == .array
        let values = isList ? node.elements : [node]
        if values.isEmpty { fail(pointer, "an empty list is never met", node) }
        for (index, value) in values.enumerated() {
            switch value.kind {
            case .string, .number, .bool: break
            case .object, .array, .null:
                let place = isList ? "\(pointer)/\(index)" : pointer
                fail(place, "must be a string, a number or a boolean, is \(value.kind.name)", value)
            }
        }
        return values
    }
}

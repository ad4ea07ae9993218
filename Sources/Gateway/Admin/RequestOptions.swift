import JSONScanner

/// What `POST /v1/request` takes besides the event: how long to wait, and for whom.
struct RequestOptions: Hashable, Sendable {
    static let keys = ["timeout", "expect"]
    static let defaultTimeout: Duration = .seconds(5)
    static let maxTimeout: Duration = .seconds(60)

    var timeout = Self.defaultTimeout
    /// The first answer is enough.
    var first = false

    init() {}

    /// Adds what is wrong to `errors`.
    init(_ object: JSONNode, _ errors: inout [AdminProblem.Detail]) {
        if let node = object["timeout"] {
            if let timeout = node.string.flatMap(Self.duration), timeout > .zero, timeout <= Self.maxTimeout {
                self.timeout = timeout
            } else {
                let detail = "must be a duration such as \"250ms\" or \"5s\", at most \"60s\""
                errors.append(.init(pointer: "/timeout", detail: detail))
            }
        }
        if let node = object["expect"] {
            switch node.string {
            case "all": self.first = false
            case "first": self.first = true
            default: errors.append(.init(pointer: "/expect", detail: "must be \"all\" or \"first\""))
            }
        }
    }

    /// A whole number and a unit, as in the configuration.
    static func duration(_ text: String) -> Duration? {
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        guard digits.count <= 9, let count = Int(Substring(digits)) else { return nil }
        switch text.dropFirst(digits.count) {
        case "ms": return .milliseconds(count)
        case "s": return .seconds(count)
        case "m": return .seconds(count * 60)
        default: return nil
        }
    }
}

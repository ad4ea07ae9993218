internal import JSONScanner
internal import struct NIOCore.ByteBuffer

/// What may stand between the braces of a template.
enum Expression: Hashable, Sendable {
    case arguments
    case argument(Int, path: [String])
    case event
    case namespace
    case message
    case user
    case auth(path: [String])
    case socketID
    case claim(path: [String])
    /// Of the client's certificate.
    case certificate(path: [String])
    case state(path: [String])
    case query(String)
    case param(String)

    /// For error messages, in the order of the documentation.
    static let known = [
        "args", "args.0", "event", "namespace", "message", "user", "auth", "socket.id", "claims.x", "state.x",
        "query.x", "param.x", "certificate.x",
    ]

    /// Reads what stands between the braces; the error is a sentence for the operator.
    static func parse(_ text: String) -> Result<Expression, SyntaxError> {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.allSatisfy({ !$0.isEmpty }) else {
            return .failure(.init("\"{\(text)}\" has an empty part between its dots"))
        }
        let rest = Array(parts.dropFirst())
        switch parts[0] {
        case "args": return argument(text, rest)
        case "event" where rest.isEmpty: return .success(.event)
        case "namespace" where rest.isEmpty: return .success(.namespace)
        case "message" where rest.isEmpty: return .success(.message)
        case "user" where rest.isEmpty: return .success(.user)
        case "auth": return .success(.auth(path: rest))
        case "socket" where rest == ["id"]: return .success(.socketID)
        case "claims" where !rest.isEmpty: return .success(.claim(path: rest))
        case "certificate" where !rest.isEmpty: return .success(.certificate(path: rest))
        case "state" where !rest.isEmpty: return .success(.state(path: rest))
        case "query" where !rest.isEmpty: return .success(.query(rest.joined(separator: ".")))
        case "param" where !rest.isEmpty: return .success(.param(rest.joined(separator: ".")))
        default: return .failure(.init(unknown(text, parts)))
        }
    }

    /// Stands for an array or an object always, so that it is of no use inside a text.
    var isNeverText: Bool {
        switch self {
        case .arguments: true
        case .auth(let path): path.isEmpty
        default: false
        }
    }

    /// Why a text between braces, or the braces themselves, are no template.
    struct SyntaxError: Error, Hashable {
        var message: String

        init(_ message: String) {
            self.message = message
        }
    }

    private static func argument(_ text: String, _ rest: [String]) -> Result<Expression, SyntaxError> {
        guard let first = rest.first else { return .success(.arguments) }
        guard let index = JSONPath.index(first) else {
            return .failure(
                .init("\"{\(text)}\": after \"args\" comes the number of an argument, as in {args.0.\(first)}"))
        }
        return .success(.argument(index, path: Array(rest.dropFirst())))
    }

    private static func unknown(_ text: String, _ parts: [String]) -> String {
        if parts.count == 1, ["socket", "claims", "state", "query", "param", "certificate"].contains(text) {
            return "\"{\(text)}\" needs a name, as in {\(text == "socket" ? "socket.id" : text + ".x")}"
        }
        if parts.count > 1, ["event", "namespace", "message", "user"].contains(parts[0]) {
            return "\"{\(text)}\": \(parts[0]) has no parts; write {\(parts[0])}"
        }
        let list = known.map { "{\($0)}" }.joined(separator: ", ")
        let guess = Suggestion.closest(to: parts[0], among: known.map { String($0.prefix { $0 != "." }) })
        let hint = guess.map { "; did you mean \"\($0)\"?" } ?? ""
        return "unknown template \"{\(text)}\"\(hint) (known: \(list); a literal brace is written {{ or }})"
    }
}

extension Expression: CustomStringConvertible {
    /// As it is written, with its braces.
    var description: String {
        let parts: [String] =
            switch self {
            case .arguments: ["args"]
            case .argument(let index, let path): ["args", String(index)] + path
            case .event: ["event"]
            case .namespace: ["namespace"]
            case .message: ["message"]
            case .user: ["user"]
            case .auth(let path): ["auth"] + path
            case .socketID: ["socket.id"]
            case .claim(let path): ["claims"] + path
            case .certificate(let path): ["certificate"] + path
            case .state(let path): ["state"] + path
            case .query(let name): ["query", name]
            case .param(let name): ["param", name]
            }
        return "{" + parts.joined(separator: ".") + "}"
    }
}

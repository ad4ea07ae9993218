import JSONScanner
import Randomness
import Routing
import Testing

@Suite struct ActionParserFuzzTests {
    /// Verbs, each with what it needs, and keys that it knows.
    private static let verbs: [(name: String, needed: String, keys: [String])] = [
        ("emit", #","event":"e""#, ["to", "args", "attachments", "volatile", "compress", "id"]),
        ("send", #","text":"{user}""#, ["to", "base64"]), ("join", #","rooms":["a"]"#, ["target"]),
        ("leave", #","rooms":["{args.1}"]"#, ["target"]), ("disconnect", "", ["target", "close", "reason"]),
        ("kick", "", ["target", "reason"]), ("state", #","unset":["a"]"#, ["set", "target"]),
        ("refresh", #","ttl":"1m""#, ["expiresAt"]), ("emits", "", ["to"]), ("", "", []),
    ]
    private static let keys = [
        "to", "target", "event", "args", "attachments", "volatile", "compress", "id", "text", "base64", "message",
        "rooms",
        "close", "reason", "set", "unset", "expiresAt", "ttl", "users", "sockets", "all", "namespace", "except",
        "local",
        "do", "_placeholder", "num", "x/~y", "",
    ]
    private static let scalars = [
        "null", "true", "false", "0", "-1", "1e400", "9223372036854775808", #""""#, #""self""#, #""others""#, #""e""#,
        #""disconnect""#, #""AAEC""#, #""{args}""#, #""{args.0}""#, #""{message}""#, #""{""#, #""\ud800""#, #""1m""#,
        #""/""#,
        #"{"_placeholder":true,"num":0}"#, #"{"_placeholder":true}"#,
    ]

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `whatever comes, it is read or refused with a place`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var accepted = 0
        for _ in 0..<500 {
            let document = try JSONDocument("[" + action(&random) + "," + action(&random) + "]")
            let selfSocketID = Bool.random(using: &random) ? "me" : nil
            switch ActionParser.parse(document.root, pointer: "/actions", selfSocketID: selfSocketID) {
            case .success(let actions):
                accepted += 1
                for case .emit(let emit) in actions {
                    let array = Array("[".utf8) + emit.arguments + Array("]".utf8)
                    #expect(isValidJSON(array))
                    let numbers = array.withUnsafeBytes { JSONScanner.placeholders(in: $0).map(\.number) }
                    #expect(Set(numbers) == Set(emit.attachments.indices))
                }
            case .failure(let errors):
                #expect(!errors.all.isEmpty)
                for error in errors.all {
                    #expect(error.pointer.hasPrefix("/actions/"))
                    #expect(error.range.upperBound <= document.bytes.count && !error.range.isEmpty)
                }
            }
            guard case .success(let templates) = ActionParser.compile(document.root, pointer: "/actions") else {
                continue
            }
            for template in templates { _ = try? template.render(EventSample.full) }
        }
        #expect(accepted > 10)
    }

    private func action(_ random: inout SeededRandom) -> String {
        let verb = Self.verbs.randomElement(using: &random) ?? ("kick", "", [])
        var action = "{\"do\":\"\(verb.name)\"" + verb.needed
        if Bool.random(using: &random), let key = verb.keys.randomElement(using: &random) {
            action += ",\"\(key)\":\(value(&random, depth: 3))"
        }
        if Int.random(in: 0..<3, using: &random) == 0 { action += "," + member(&random, depth: 3) }
        return action + "}"
    }

    private func member(_ random: inout SeededRandom, depth: Int) -> String {
        "\"\(Self.keys.randomElement(using: &random) ?? "to")\":\(value(&random, depth: depth))"
    }

    private func value(_ random: inout SeededRandom, depth: Int) -> String {
        let count = Int.random(in: 0..<3, using: &random)
        switch Int.random(in: 0..<(depth > 0 ? 4 : 2), using: &random) {
        case 0, 1: return Self.scalars.randomElement(using: &random) ?? "0"
        case 2: return "[" + (0..<count).map { _ in value(&random, depth: depth - 1) }.joined(separator: ",") + "]"
        default: return "{" + (0..<count).map { _ in member(&random, depth: depth - 1) }.joined(separator: ",") + "}"
        }
    }
}

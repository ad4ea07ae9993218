import JSONScanner
import Randomness
import Routing
import Testing
import struct NIOCore.ByteBuffer

@Suite struct TemplateFuzzTests {
    private static let scalars = [
        "null", "true", "false", "0", "-1.5e-7", "1e400", "12345678901234567890", #""""#, #""x""#, #""\"""#, #""\\""#,
        #""\ud800""#, #""\udc00\ud800""#, #""{user}""#, #""}{""#, #""é\u0000 ""#, #""\u2028""#, #""</script>""#,
        "\" \\n\\u007f\"",
    ]
    private static let templates = [
        "{args}", "{args.0}", "{args.1}", "{args.2}", "{args.0.a}", "{args.1.b.0}", "{event}", "{namespace}",
        "{message}",
        "{user}", "{auth}", "{auth.a}", "{socket.id}", "{claims.a}", "{state.a}", "{query.q}", "{param.p}", "plain",
        "{{", "}}",
        "\\\"", "\\\\", "\\u0000", "é",
    ]
    private static let names = [
        "", "x", "\"", "\\", "\u{0}", "\u{7F}", "{user}", "é\u{2028}", "a\nb\tc", "\"},{\"x\":\"",
    ]

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `whatever is filled in, the result is valid JSON whose placeholders have attachments`(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var rendered = 0
        for _ in 0..<500 {
            let source = source(&random)
            let document = try JSONDocument(template(&random, depth: 3))
            guard case .success(let template) = JSONTemplate.compile(document.root, pointer: "") else { continue }
            var bytes: [UInt8] = []
            var attachments: [ByteBuffer] = []
            do {
                try template.render(into: &bytes, attachments: &attachments, from: source)
            } catch {
                #expect(bytes.isEmpty && attachments.isEmpty)
                continue
            }
            rendered += 1
            #expect(isValidJSON(bytes), "seed \(seed): \(String(decoding: bytes, as: UTF8.self))")
            guard !attachments.isEmpty else { continue }
            let numbers = bytes.withUnsafeBytes { JSONScanner.placeholders(in: $0).map(\.number) }
            #expect(numbers.allSatisfy { $0.map { $0 < attachments.count } ?? false })
            #expect(Set(numbers).count == attachments.count)
        }
        #expect(rendered > 50)
    }

    private func source(_ random: inout SeededRandom) -> EventSample {
        func name() -> String? {
            Int.random(in: 0..<5, using: &random) == 0 ? nil : Self.names.randomElement(using: &random)
        }
        let attachments = (0..<Int.random(in: 0..<3, using: &random)).map { ByteBuffer(string: "binary \($0)") }
        let arguments = (0..<Int.random(in: 0..<4, using: &random)).map { _ in value(&random, depth: 3) }
        let object = "{\"a\":\(value(&random, depth: 1)),\"b\":[\(value(&random, depth: 1))]}"
        let messages: [MessageValue?] = [
            nil, .text(ByteBuffer(string: "m\"\\\u{1}")), .binary(ByteBuffer(bytes: [0, 255])),
            .text(ByteBuffer(bytes: [0xFF])),
        ]
        return EventSample(
            namespace: name() ?? "/", eventName: name(), user: name(), socketID: name(),
            arguments: arguments.joined(separator: [",", " , ", ",\n"].randomElement(using: &random) ?? ","),
            attachments: attachments,
            message: messages.randomElement(using: &random) ?? nil,
            authJSON: Bool.random(using: &random) ? Array(object.utf8) : nil,
            claims: object, stateJSON: object, queryItems: ["q": name() ?? "q"], params: ["p": name() ?? "p"])
    }

    /// What a client may send.
    private func value(_ random: inout SeededRandom, depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 4), using: &random) {
        case 0: "{\"_placeholder\":true,\"num\":\(Int.random(in: 0..<3, using: &random))}"
        case 1..<4: Self.scalars.randomElement(using: &random) ?? "0"
        case 4, 5: "{\"a\" : \(value(&random, depth: depth - 1)),\"b\":[\(value(&random, depth: depth - 1)) , 1]}"
        default: "[\(value(&random, depth: depth - 1)),\(value(&random, depth: depth - 1))]"
        }
    }

    /// What an operator may write.
    private func template(_ random: inout SeededRandom, depth: Int) -> String {
        func string() -> String {
            let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in
                Self.templates.randomElement(using: &random) ?? ""
            }
            return "\"" + (Bool.random(using: &random) ? parts.prefix(1) : parts[...]).joined() + "\""
        }
        switch Int.random(in: 0..<(depth > 0 ? 6 : 3), using: &random) {
        case 0: return Self.scalars.prefix(9).randomElement(using: &random) ?? "0"
        case 1, 2: return string()
        case 3:
            return "{\(string()):\(template(&random, depth: depth - 1)), \"k\":\(template(&random, depth: depth - 1))}"
        default: return "[\(template(&random, depth: depth - 1)) ,\(template(&random, depth: depth - 1))]"
        }
    }
}

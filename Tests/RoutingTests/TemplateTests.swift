import Routing
import Testing

@Suite struct TemplateTests {
    private static func text(_ template: String, _ source: EventSample = .full) -> Result<String, TemplateError> {
        Result { () throws(TemplateError) in
            switch Template.compile(template, pointer: "/p") {
            case .success(let compiled): return try compiled.text(from: source)
            case .failure(let error):
                Issue.record("\(error)")
                return ""
            }
        }
    }

    private static let texts: [(String, String)] = [
        ("", ""), ("plain", "plain"), ("{{", "{"), ("}}", "}"), ("{{args.0}}", "{args.0}"), ("{{{user}}}", "{u42}"),
        ("{user}", "u42"), ("room:{args.1}", "room:7"), ("{args.0.text}", "h\"i"), ("{args.0.n.0}", "10"),
        ("a{args.0.n.1.deep}", "atrue"), ("{args.3}", "\u{FFFD}x"), ("{args.4}", "1e400"), ("{args.5}", "ro/om"),
        ("{event}", "message"), ("{namespace}.{event}", "/chat.message"), ("{message}", "raw \"text\"\n"),
        ("{auth.token}", "t"), ("{auth.a.b.0}", "1"), ("{socket.id}", "mGx1"), ("{claims.role}", "admin"),
        ("{claims.n}", "3"), ("{claims.o.p}", "q"), ("{claims.https://x.example/r}", "url"), ("{state.room}", "7"),
        ("{state.deep.x}", "1.50"), ("{query.v}", "1 & 2"), ("{query.a.b}", "dotted"), ("{param.id}", "acme"),
        ("é{user}é", "éu42é"), ("{user}{user}", "u42u42"),
    ]

    @Test(arguments: texts)
    func `a template becomes text`(template: String, expected: String) throws {
        #expect(try Self.text(template).get() == expected)
    }

    private static let missing: [(String, String)] = [
        ("{args.6}", "{args.6}"), ("x{args.0.none}", "{args.0.none}"), ("{args.1.x}", "{args.1.x}"),
        ("{claims.none}", "{claims.none}"), ("{state.none}", "{state.none}"), ("{query.none}", "{query.none}"),
        ("{param.none}", "{param.none}"), ("{auth.none}", "{auth.none}"), ("{user}{args.99999}", "{args.99999}"),
    ]

    @Test(arguments: missing)
    func `a missing value fails and is named`(template: String, expression: String) {
        #expect(Self.text(template) == .failure(.init(pointer: "/p", expression: expression, reason: .missing)))
    }

    @Test(arguments: ["{user}", "{event}", "{socket.id}", "{message}", "{args.0}", "{auth.x}"])
    func `an event without it has no value`(template: String) {
        let nothing = EventSample(eventName: nil, user: nil, socketID: nil)
        #expect(Self.text(template, nothing) == .failure(.init(pointer: "/p", expression: template, reason: .missing)))
    }

    @Test(arguments: [
        ("{args.0}", "{args.0}"), ("x{args.0.n}", "{args.0.n}"), ("x{args.2}", "{args.2}"), ("{args.2}", "{args.2}"),
        ("{args.0.n.1.deep}", "{args.0.n.1.deep}"), ("{args}", "{args}"), ("{auth}", "{auth}"),
    ])
    func `what is not text fails and is named`(template: String, expression: String) {
        #expect(Self.text(template) == .failure(.init(pointer: "/p", expression: expression, reason: .notText)))
    }

    @Test func `errors are sentences`() {
        let error = TemplateError(pointer: "/actions/0/rooms/0", expression: "{args.0}", reason: .missing)
        #expect(error.description == "/actions/0/rooms/0: {args.0} has no value")
    }

    @Test func `what is filled in can be escaped, and the rest is not`() throws {
        let template = try Template.compile("/a b/{args.5}").get()
        #expect(try template.text(from: EventSample.full) { $0.replacing("/", with: "%2F") } == "/a b/ro%2Fom")
    }

    @Test func `a literal is known to be one`() throws {
        #expect(try Template.compile("a{{b").get().literal == "a{b")
        #expect(try Template.compile("{user}").get().literal == nil)
        #expect(Template(literal: "{user}").literal == "{user}")
    }

    private static let illFormed: [(String, String)] = [
        ("{", "\"{\" without \"}\"; a literal brace is written {{"),
        ("a{user", "\"{\" without \"}\"; a literal brace is written {{"),
        ("{us{er}", "\"{\" without \"}\"; a literal brace is written {{"),
        ("}", "\"}\" without \"{\"; a literal brace is written }}"),
        ("{user}}", "\"}\" without \"{\"; a literal brace is written }}"),
        ("{}", "\"{}\" has an empty part between its dots"),
        ("{args.}", "\"{args.}\" has an empty part between its dots"),
        ("{args..0}", "\"{args..0}\" has an empty part between its dots"),
        ("{args.room}", "\"{args.room}\": after \"args\" comes the number of an argument, as in {args.0.room}"),
        ("{args.-1}", "\"{args.-1}\": after \"args\" comes the number of an argument, as in {args.0.-1}"),
        ("{socket}", "\"{socket}\" needs a name, as in {socket.id}"),
        ("{claims}", "\"{claims}\" needs a name, as in {claims.x}"),
        ("{user.name}", "\"{user.name}\": user has no parts; write {user}"),
        ("x{args}", "{args} is not text and cannot stand inside a longer string"),
        ("x{auth}", "{auth} is not text and cannot stand inside a longer string"),
    ]

    @Test(arguments: illFormed)
    func `an ill-formed template is an error of the configuration`(template: String, message: String) {
        let expected = ActionError(pointer: "/p", message: message, range: 4..<9)
        #expect(Template.compile(template, pointer: "/p", range: 4..<9) == .failure(expected))
    }

    @Test(arguments: [("{arg.0}", "args"), ("{usr}", "user"), ("{Event}", "event"), ("{claim.role}", "claims")])
    func `an unknown expression suggests a known one`(template: String, suggestion: String) {
        guard case .failure(let error) = Template.compile(template) else {
            Issue.record("\(template) compiled")
            return
        }
        #expect(
            error.message.hasPrefix("unknown template \"\(template)\"; did you mean \"\(suggestion)\"? (known: {args},")
        )
    }
}

import Bus
import JSONScanner
import Routing
import Testing
import struct NIOCore.ByteBuffer

@Suite struct ActionTemplateTests {
    static func compile(_ json: String) throws -> Result<[ActionTemplate], ActionErrors> {
        ActionParser.compile(try JSONDocument(json).root, pointer: "/routes/0/actions")
    }

    private static func render(_ json: String, _ source: EventSample = .full) throws -> Action {
        let templates = try compile("[\(json)]").get()
        #expect(templates.count == 1)
        return try templates[0].render(source)
    }

    private static func emit(to: Recipient = .me, _ event: String, _ arguments: String = "") -> Action {
        .emit(Emit(to: to, event: event, arguments: Array(arguments.utf8)))
    }

    private static let actions: [(String, Action)] = [
        (#"{"do":"emit","event":"echo","args":"{args}"}"#, emit("echo", EventSample.full.arguments)),
        (
            #"{"do":"emit","event":"{event}","args":["{args.1}","{user}", {"u" : "<{user}>"}]}"#,
            emit("message", #"7,"u42",{"u":"<u42>"}"#)
        ),
        (#"{"do":"emit","event":"e","args":["{args}"]}"#, emit("e", "[" + EventSample.full.arguments + "]")),
        (#"{"do":"emit","event":"{args.1}","args":[1e400]}"#, emit("7", "1e400")),
        (
            #"{"do":"emit","to":{"rooms":["room:{args.1}","{args.1}"],"users":["{user}"],"sockets":["self","{socket.id}x"],"except":{"sockets":["self"],"rooms":["a{state.room}"],"users":["{claims.role}"]}},"event":"e"}"#,
            emit(
                to: .target(
                    Target(
                        rooms: ["room:7", "7"], users: ["u42"], sockets: ["mGx1", "mGx1x"],
                        except: Exclusion(rooms: ["a7"], users: ["admin"], sockets: ["mGx1"])), namespace: nil), "e")
        ),
        (
            #"{"do":"emit","to":{"all":true,"namespace":"/{param.id}"},"event":"e"}"#,
            emit(to: .target(Target(all: true), namespace: "/acme"), "e")
        ),
        (
            #"{"do":"emit","to":"others","event":"e","id":"m-{args.1}","_why":"a comment"}"#,
            .emit(Emit(to: .others(namespace: nil), event: "e", id: "m-7"))
        ),
        (#"{"do":"join","rooms":["room:{args.0.n.0}","{{x}}"]}"#, .join(rooms: ["room:10", "{x}"], .me)),
        (
            #"{"do":"leave","rooms":["{args.5}"],"target":{"users":["{user}"]}}"#,
            .leave(rooms: ["ro/om"], .target(Target(users: ["u42"]), namespace: nil))
        ),
        (#"{"do":"disconnect","reason":"by {user}"}"#, .disconnect(.me, close: false, reason: "by u42")),
        (
            #"{"do":"kick","target":{"sockets":["{args.5}"]}}"#,
            .kick(.target(.socket("ro/om"), namespace: nil), reason: nil)
        ),
        (
            #"{"do":"send","message":"{message}"}"#,
            .send(Send(to: .me, payload: .text(ByteBuffer(string: "raw \"text\"\n"))))
        ),
        (
            #"{"do":"send","text":"{user}: {message}"}"#,
            .send(Send(to: .me, payload: .text(ByteBuffer(string: "u42: raw \"text\"\n"))))
        ),
        (#"{"do":"send","base64":"AAEC"}"#, .send(Send(to: .me, payload: .binary(ByteBuffer(bytes: [0, 1, 2]))))),
        (#"{"do":"send","base64":"{query.v}"}"#, .send(Send(to: .me, payload: .binary(ByteBuffer(bytes: [0, 1, 2]))))),
        (
            #"{"do":"state","set":{"last":"{args.0}","k{args.1}":["{args.4}"],"lit": 1e400},"unset":["{args.5}"]}"#,
            .state(
                set: [
                    ("last", Array(#"{"text":"h\"i","n":[10,{"deep":true}],"k.e~y":1}"#.utf8)),
                    ("k7", Array("[1e400]".utf8)),
                    ("lit", Array("1e400".utf8)),
                ], unset: ["ro/om"], .me)
        ),
        (#"{"do":"refresh","ttl":"1h"}"#, .refresh(expiresAt: nil, ttlSeconds: 3_600)),
        (#"{"do":"refresh","token":"{args.0.text}"}"#, .renew(token: "h\"i")),
    ]

    @Test(arguments: actions)
    func `an action is filled in`(json: String, expected: Action) throws {
        var source = EventSample.full
        source.queryItems["v"] = "AAEC"
        #expect(try Self.render(json, source) == expected)
    }

    private static let failures: [(String, String)] = [
        (#"{"do":"join","rooms":["a","room:{args.9}"]}"#, "/rooms/1: {args.9} has no value"),
        (#"{"do":"join","rooms":["{args.0}"]}"#, "/rooms/0: {args.0} is not text"),
        (#"{"do":"join","rooms":["{args.2}"]}"#, "/rooms/0: {args.2} is not text"),
        (#"{"do":"join","rooms":["{args.0.n.1.deep}"]}"#, "/rooms/0: {args.0.n.1.deep} is not text"),
        (#"{"do":"join","rooms":["{query.long}"]}"#, "/rooms/0: {query.long} must have at most 255 bytes, has 256"),
        (#"{"do":"join","rooms":["{query.empty}"]}"#, "/rooms/0: {query.empty} must not be empty"),
        (
            #"{"do":"emit","event":"{query.reserved}"}"#,
            "/event: {query.reserved} \"connect\" is reserved by Socket.IO and cannot be sent"
        ),
        (#"{"do":"emit","event":"e{query.empty}","id":"{query.empty}"}"#, "/id: {query.empty} must not be empty"),
        (#"{"do":"emit","event":"e","args":[{"a":"{state.x}"}]}"#, "/args/0/a: {state.x} has no value"),
        (#"{"do":"emit","event":"e","args":["x{args.0}"]}"#, "/args/0: {args.0} is not text"),
        (#"{"do":"emit","event":"e","to":{"rooms":["{args.9}"]}}"#, "/to/rooms/0: {args.9} has no value"),
        (
            #"{"do":"emit","event":"e","to":{"all":true,"namespace":"{user}"}}"#,
            "/to/namespace: {user} must begin with \"/\""
        ),
        (
            #"{"do":"kick","target":{"all":true,"except":{"users":["{args.9}"]}}}"#,
            "/target/except/users/0: {args.9} has no value"
        ),
        (#"{"do":"send","base64":"{user}"}"#, "/base64: {user} is not base64"),
        (#"{"do":"state","set":{"a":"{args.9}"}}"#, "/set/a: {args.9} has no value"),
    ]

    @Test(arguments: failures)
    func `an action that cannot be filled in fails and names the expression`(json: String, message: String) throws {
        var source = EventSample.full
        source.queryItems = ["long": String(repeating: "é", count: 128), "empty": "", "reserved": "connect"]
        let template = try #require(try Self.compile("[\(json)]").get().first)
        do {
            _ = try template.render(source)
            Issue.record("\(json) was rendered")
        } catch {
            #expect(error.description == "/routes/0/actions/0" + message)
        }
    }

    @Test func `a message is sent on only when there is one`() throws {
        #expect(
            throws: TemplateError(pointer: "/routes/0/actions/0/message", expression: "{message}", reason: .missing)
        ) {
            try Self.render(#"{"do":"send","message":"{message}"}"#, EventSample())
        }
        var source = EventSample()
        source.message = .binary(ByteBuffer(bytes: [1]))
        #expect(
            try Self.render(#"{"do":"send","to":"others","message":"{message}"}"#, source)
                == .send(Send(to: .others(namespace: nil), payload: .binary(ByteBuffer(bytes: [1])))))
    }

    @Test func `binary of the event and of the route go out together`() throws {
        let source = EventSample(
            arguments: #"{"_placeholder":true,"num":0}"#, attachments: [ByteBuffer(string: "theirs")])
        let json =
            #"{"do":"emit","event":"e","args":[{"x":{"_placeholder":true,"num":0}},"{args.0}"],"attachments":["b3Vycw=="]}"#
        guard case .emit(let emit) = try Self.render(json, source) else {
            Issue.record("no emit")
            return
        }
        #expect(emit.arguments == Array(#"{"x":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}"#.utf8))
        #expect(emit.attachments == [ByteBuffer(string: "ours"), ByteBuffer(string: "theirs")])
    }

    @Test func `binary that only the route has is kept as it is written`() throws {
        let json = #"{"do":"emit","event":"e","args":[ {"_placeholder": true ,"num":0} ],"attachments":["AAEC"]}"#
        let expected = Emit(
            to: .me, event: "e", arguments: Array(#"{"_placeholder": true ,"num":0}"#.utf8),
            attachments: [ByteBuffer(bytes: [0, 1, 2])])
        #expect(try Self.render(json) == .emit(expected))
    }

    @Test func `binary cannot be kept in the state`() throws {
        let source = EventSample(arguments: #"{"_placeholder":true,"num":0}"#, attachments: [ByteBuffer(string: "x")])
        #expect(throws: TemplateError(pointer: "/routes/0/actions/0/set/a", expression: "{args.0}", reason: .binary)) {
            try Self.render(#"{"do":"state","set":{"a":"{args.0}"}}"#, source)
        }
    }

    private static let mistakes: [(String, [String])] = [
        (#"[{"do":"join","rooms":["{arg.0}","{user"]}]"#, ["/rooms/0: unknown template", "/rooms/1: \"{\" without"]),
        (#"[{"do":"join","rooms":["{args}"]}]"#, ["/rooms/0: {args} is not text"]),
        (#"[{"do":"emit","event":"e","args":"{args.0}"}]"#, ["/args: must be a list or \"{args}\", is a string"]),
        (
            #"[{"do":"emit","event":"e","args":["{x}",{"{y}":"}"}]}]"#,
            ["/args/0: unknown template", "/args/1/{y}: unknown template", "/args/1/{y}: \"}\" without"]
        ),
        (
            #"[{"do":"emit","event":"e","args":[{"_placeholder":true,"num":"{args.0}"}]}]"#,
            ["/args/0: the placeholder has no attachment"]
        ),
        (#"[{"do":"emit","event":"e","args":"{args}","attachments":["AA=="]}]"#, ["/attachments/0: no placeholder"]),
        (#"[{"do":"send","message":"x{message}"}]"#, ["/message: must be \"{message}\""]),
        (
            #"[{"do":"send","text":"a","message":"{message}"}]"#,
            [": exactly one of \"text\", \"base64\" and \"message\" is needed, not 2"]
        ),
        (#"[{"do":"kick","target":"{user}"}]"#, ["/target: \"{user}\" is not a target"]),
        (#"[{"do":"state","set":{"{x}":1,"a":"{y}"}}]"#, ["/set/{x}: unknown template", "/set/a: unknown template"]),
    ]

    @Test(arguments: mistakes)
    func `a wrong template is an error of the configuration`(json: String, beginnings: [String]) throws {
        guard case .failure(let errors) = try Self.compile(json) else {
            Issue.record("\(json) compiled")
            return
        }
        #expect(errors.all.count == beginnings.count)
        for (error, beginning) in zip(errors.all, beginnings) {
            #expect(error.description.hasPrefix("/routes/0/actions/0" + beginning))
        }
    }
}

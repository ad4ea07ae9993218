import Bus
import JSONScanner
import Routing
import Testing
import struct NIOCore.ByteBuffer

@Suite struct ActionParserTests {
    static func parse(_ json: String, selfSocketID: String? = "me") throws -> Result<[Action], ActionErrors> {
        ActionParser.parse(try JSONDocument(json).root, pointer: "/actions", selfSocketID: selfSocketID)
    }

    private static func emit(
        to: Recipient = .me, _ event: String, _ arguments: String = "", attachments: [ByteBuffer] = []
    ) -> Action {
        .emit(Emit(to: to, event: event, arguments: Array(arguments.utf8), attachments: attachments))
    }

    private static let actions: [(String, Action)] = [
        (#"{"do":"emit","event":"e"}"#, emit("e")),
        (#"{"do":"emit","event":"e","args":[]}"#, emit("e")),
        (#"{"do":"emit","to":"self","event":"e","args":[1]}"#, emit("e", "1")),
        (
            #"{"do":"emit","to":"others","event":"{args.0}","args":["{user}","}"]}"#,
            emit(to: .others(namespace: nil), "{args.0}", #""{user}","}""#)
        ),
        (
            #"{"do":"emit","to":{"all":true},"event":"e","args":[ 1e400 , {"a":1,"a":2},"\ud800" ]}"#,
            emit(to: .target(Target(all: true), namespace: nil), "e", #"1e400 , {"a":1,"a":2},"\ud800""#)
        ),
        (
            #"{"do":"emit","to":{"rooms":["a","b"],"users":["u"],"sockets":["s","self"],"namespace":"/x","local":true,"except":{"rooms":["c"],"users":["v"],"sockets":["self","t"]}},"event":"e"}"#,
            emit(
                to: .target(
                    Target(
                        rooms: ["a", "b"], users: ["u"], sockets: ["s", "me"],
                        except: Exclusion(rooms: ["c"], users: ["v"], sockets: ["me", "t"]), local: true),
                    namespace: "/x"), "e")
        ),
        (
            #"{"do":"emit","event":"e","args":[{"x":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}],"attachments":["AAEC",""]}"#,
            emit(
                "e", #"{"x":{"_placeholder":true,"num":1}},{"_placeholder":true,"num":0}"#,
                attachments: [ByteBuffer(bytes: [0, 1, 2]), ByteBuffer()])
        ),
        (
            #"{"do":"emit","event":"e","volatile":true,"compress":false,"id":"msg_1"}"#,
            .emit(Emit(to: .me, event: "e", volatile: true, compress: false, id: "msg_1"))
        ),
        (
            #"{"do":"send","to":{"users":["u"]},"text":"hé {x}"}"#,
            .send(Send(to: .target(Target(users: ["u"]), namespace: nil), payload: .text(ByteBuffer(string: "hé {x}"))))
        ),
        (#"{"do":"send","base64":"AAEC"}"#, .send(Send(to: .me, payload: .binary(ByteBuffer(bytes: [0, 1, 2]))))),
        (#"{"do":"join","rooms":["a","{b}"]}"#, .join(rooms: ["a", "{b}"], .me)),
        (#"{"do":"join","rooms":[]}"#, .join(rooms: [], .me)),
        (
            #"{"do":"leave","rooms":["a"],"target":{"rooms":["b"]}}"#,
            .leave(rooms: ["a"], .target(Target(rooms: ["b"]), namespace: nil))
        ),
        (#"{"do":"disconnect"}"#, .disconnect(.me, close: false, reason: nil)),
        (
            #"{"do":"disconnect","target":{"users":["u13"]},"close":true,"reason":"banned"}"#,
            .disconnect(.target(Target(users: ["u13"]), namespace: nil), close: true, reason: "banned")
        ),
        (#"{"do":"kick","target":"others","reason":"r"}"#, .kick(.others(namespace: nil), reason: "r")),
        (
            #"{"do":"state","set":{"a":{"x" : 1e400},"{b}":null},"unset":["c"]}"#,
            .state(set: [("a", Array(#"{"x" : 1e400}"#.utf8)), ("{b}", Array("null".utf8))], unset: ["c"], .me)
        ),
        (
            #"{"do":"state","unset":["c"],"target":{"sockets":["s"]}}"#,
            .state(set: [], unset: ["c"], .target(.socket("s"), namespace: nil))
        ),
        (#"{"do":"refresh","expiresAt":1767229200}"#, .refresh(expiresAt: 1_767_229_200, ttlSeconds: nil)),
        (#"{"do":"refresh","ttl":"15m"}"#, .refresh(expiresAt: nil, ttlSeconds: 900)),
        (#"{"do":"refresh","ttl":"250ms"}"#, .refresh(expiresAt: nil, ttlSeconds: 0.25)),
        (#"{"do":"refresh","ttl":1.5}"#, .refresh(expiresAt: nil, ttlSeconds: 1.5)),
        (#"{"do":"refresh","token":"a.b.c"}"#, .renew(token: "a.b.c")),
    ]

    @Test(arguments: actions)
    func `an action is read`(json: String, expected: Action) throws {
        #expect(try Self.parse("[\(json)]").get() == [expected])
        let one = ActionParser.parse(action: try JSONDocument(json).root, pointer: "", selfSocketID: "me")
        #expect(try one.get() == expected)
    }

    @Test func `actions keep their order`() throws {
        let actions = try Self.parse(
            #"[{"do":"join","rooms":["a"]},{"do":"emit","event":"x"},{"do":"leave","rooms":["a"]}]"#
        ).get()
        #expect(actions == [.join(rooms: ["a"], .me), Self.emit("x"), .leave(rooms: ["a"], .me)])
        #expect(try Self.parse("[]").get() == [])
    }

    @Test func `without a socket of its own an action names whom it is for`() throws {
        let json =
            #"[{"do":"emit","to":{"rooms":["a"]},"event":"e"},{"do":"join","rooms":["a"],"target":{"all":true}}]"#
        #expect(try Self.parse(json, selfSocketID: nil).get().count == 2)
    }
}

@Suite struct ActionParserErrorTests {
    struct Case: Sendable {
        var json: String
        var errors: [String]

        init(_ json: String, _ errors: String...) {
            self.json = json
            self.errors = errors
        }
    }

    private static let verbs = "emit, send, join, leave, disconnect, kick, state, refresh"

    private static let cases: [Case] = [
        Case("{}", "/actions: must be a list of actions, is an object"),
        Case("[1,null]", "/actions/0: must be an object, is a number", "/actions/1: must be an object, is null"),
        Case("[{}]", "/actions/0: \"do\" is missing (known: \(verbs))"),
        Case(#"[{"do":1}]"#, "/actions/0/do: must be a string, is a number"),
        Case(#"[{"do":"emti"}]"#, "/actions/0/do: unknown action \"emti\"; did you mean \"emit\"? (known: \(verbs))"),
        Case(#"[{"do":"broadcast"}]"#, "/actions/0/do: unknown action \"broadcast\" (known: \(verbs))"),
        Case(#"[{"do":"emit","event":"e","arg":[]}]"#, "/actions/0/arg: unknown key \"arg\"; did you mean \"args\"?"),
        Case(#"[{"do":"kick","a~/b":1}]"#, "/actions/0/a~0~1b: unknown key \"a~/b\" (known: do, target, reason)"),
        Case(#"[{"do":"kick","_note":1}]"#, "/actions/0/_note: unknown key \"_note\" (known: do, target, reason)"),
        Case(#"[{"do":"kick","reason":"a","reason":"b"}]"#, "/actions/0/reason: \"reason\" stands twice"),
        // Events.
        Case(#"[{"do":"emit"}]"#, "/actions/0: \"event\" is missing"),
        Case(#"[{"do":"emit","event":""}]"#, "/actions/0/event: must not be empty"),
        Case(#"[{"do":"emit","event":7}]"#, "/actions/0/event: must be a string, is a number"),
        Case(
            #"[{"do":"emit","event":"disconnect"}]"#,
            "/actions/0/event: \"disconnect\" is reserved by Socket.IO and cannot be sent"),
        Case(#"[{"do":"emit","event":"e","args":"{args}"}]"#, "/actions/0/args: must be a list, is a string"),
        Case(
            #"[{"do":"emit","event":"e","volatile":"yes","compress":0,"id":""}]"#,
            "/actions/0/volatile: must be true or false, is a string",
            "/actions/0/compress: must be true or false, is a number",
            "/actions/0/id: must not be empty"),
        // Attachments.
        Case(
            #"[{"do":"emit","event":"e","args":[{"_placeholder":true,"num":0}]}]"#,
            "/actions/0/args: placeholder 0 names no attachment (there are 0)"),
        Case(
            #"[{"do":"emit","event":"e","args":[{"_placeholder":true}],"attachments":["AA=="]}]"#,
            "/actions/0/args: a placeholder without a number"),
        Case(
            #"[{"do":"emit","event":"e","args":[{"_placeholder":true,"num":0}],"attachments":["AA==","AA=="]}]"#,
            "/actions/0/attachments/1: no placeholder in \"args\" names this attachment"),
        Case(
            #"[{"do":"emit","event":"e","attachments":["AA=="]}]"#,
            "/actions/0/attachments/0: no placeholder in \"args\" names this attachment"),
        Case(
            #"[{"do":"emit","event":"e","args":[],"attachments":["AA",5]}]"#,
            "/actions/0/attachments/0: must be a base64 string", "/actions/0/attachments/1: must be a base64 string"),
        Case(
            #"[{"do":"emit","event":"e","attachments":"AA=="}]"#,
            "/actions/0/attachments: must be a list of base64 strings, is a string"),
        // Targets.
        Case(
            #"[{"do":"emit","event":"e","to":"all"}]"#,
            "/actions/0/to: \"all\" is not a target; known are \"self\", \"others\" and an object"),
        Case(
            #"[{"do":"emit","event":"e","to":"other"}]"#,
            "/actions/0/to: \"other\" is not a target; known are \"self\", \"others\" and an object; did you mean \"others\"?"
        ),
        Case(
            #"[{"do":"emit","event":"e","to":["a"]}]"#,
            "/actions/0/to: must be an object, \"self\" or \"others\", is a list"),
        Case(
            #"[{"do":"emit","event":"e","to":{}}]"#,
            "/actions/0/to: reaches nobody: name rooms, users or sockets, or write \"all\": true"),
        Case(
            #"[{"do":"kick","target":{"rooms":[],"all":false,"except":{"rooms":["a"]}}}]"#,
            "/actions/0/target: reaches nobody: name rooms, users or sockets, or write \"all\": true"),
        Case(
            #"[{"do":"kick","target":{"room":["a"]}}]"#,
            "/actions/0/target/room: unknown key \"room\"; did you mean \"rooms\"?"),
        Case(
            #"[{"do":"kick","target":{"rooms":"a"}}]"#,
            "/actions/0/target/rooms: must be a list of strings, is a string"),
        Case(
            #"[{"do":"kick","target":{"users":["u",5],"sockets":[""],"all":1,"namespace":"x"}}]"#,
            "/actions/0/target/users/1: must be a string, is a number",
            "/actions/0/target/sockets/0: must not be empty",
            "/actions/0/target/all: must be true or false, is a number",
            "/actions/0/target/namespace: must begin with \"/\""),
        Case(
            #"[{"do":"kick","target":{"all":true,"except":{"all":true,"users":[null]}}}]"#,
            "/actions/0/target/except/all: unknown key \"all\" (known: rooms, users, sockets)",
            "/actions/0/target/except/users/0: must be a string, is null"),
        Case(
            #"[{"do":"kick","target":{"all":true,"except":"self"}}]"#,
            "/actions/0/target/except: must be an object, is a string"),
        // Rooms.
        Case(#"[{"do":"join"}]"#, "/actions/0: \"rooms\" is missing"),
        Case(
            #"[{"do":"join","rooms":["ok",""]},{"do":"leave","rooms":[7]}]"#,
            "/actions/0/rooms/1: must not be empty", "/actions/1/rooms/0: must be a string, is a number"),
        // The rest.
        Case(
            #"[{"do":"send","text":"a","base64":"AA=="}]"#,
            "/actions/0: exactly one of \"text\" and \"base64\" is needed, not 2"),
        Case(#"[{"do":"send"}]"#, "/actions/0: exactly one of \"text\" and \"base64\" is needed"),
        Case(#"[{"do":"send","base64":"?"}]"#, "/actions/0/base64: must be a base64 string"),
        Case(
            #"[{"do":"send","message":"{message}"}]"#,
            "/actions/0/message: \"message\" is for routes; write \"text\" or \"base64\""),
        Case(
            #"[{"do":"disconnect","close":"now","reason":5}]"#,
            "/actions/0/reason: must be a string, is a number", "/actions/0/close: must be true or false, is a string"),
        Case(#"[{"do":"state"}]"#, "/actions/0: \"set\" or \"unset\" is needed"),
        Case(
            #"[{"do":"state","set":[],"unset":{"a":1}}]"#,
            "/actions/0/unset: must be a list of strings, is an object", "/actions/0/set: must be an object, is a list"),
        Case(#"[{"do":"state","set":{"":1}}]"#, "/actions/0/set/: must not be empty"),
        Case(#"[{"do":"refresh"}]"#, "/actions/0: exactly one of \"expiresAt\", \"ttl\" and \"token\" is needed"),
        Case(
            #"[{"do":"refresh","expiresAt":1,"ttl":"1s"}]"#,
            "/actions/0: exactly one of \"expiresAt\", \"ttl\" and \"token\" is needed"),
        Case(#"[{"do":"refresh","expiresAt":1.5}]"#, "/actions/0/expiresAt: must be a Unix time in whole seconds"),
        Case(#"[{"do":"refresh","expiresAt":-1}]"#, "/actions/0/expiresAt: must be a Unix time in whole seconds"),
        Case(
            #"[{"do":"refresh","ttl":"15"}]"#,
            "/actions/0/ttl: must be a time such as \"15m\" (ms, s, m, h, d), or seconds, above 0"),
        Case(
            #"[{"do":"refresh","ttl":1e400},{"do":"refresh","ttl":"0s"},{"do":"refresh","ttl":"-1s"}]"#,
            "/actions/0/ttl: must be a time such as \"15m\" (ms, s, m, h, d), or seconds, above 0",
            "/actions/1/ttl: must be a time such as \"15m\" (ms, s, m, h, d), or seconds, above 0",
            "/actions/2/ttl: must be a time such as \"15m\" (ms, s, m, h, d), or seconds, above 0"),
    ]

    @Test(arguments: cases)
    func `every problem is reported at once with its place`(example: Case) throws {
        guard case .failure(let errors) = try ActionParserTests.parse(example.json) else {
            Issue.record("\(example.json) was accepted")
            return
        }
        #expect(errors.all.map(\.description) == example.errors)
    }

    private static let withoutSelf: [Case] = [
        Case(
            #"[{"do":"emit","event":"e"}]"#,
            "/actions/0: \"to\" is missing: there is no socket that could be meant by default"),
        Case(
            #"[{"do":"join","rooms":["a"]}]"#,
            "/actions/0: \"target\" is missing: there is no socket that could be meant by default"),
        Case(
            #"[{"do":"kick","target":"self"},{"do":"kick","target":"others"}]"#,
            "/actions/0/target: \"self\" means nobody here: there is no socket of its own",
            "/actions/1/target: \"others\" means nobody here: there is no socket of its own"),
        Case(
            #"[{"do":"kick","target":{"all":true,"except":{"sockets":["a","self"]}}}]"#,
            "/actions/0/target/except/sockets/1: \"self\" means nobody here: there is no socket of its own"),
        Case(#"[{"do":"refresh","ttl":"1m"}]"#, "/actions/0: refresh is for the socket itself, and there is none here"),
    ]

    @Test(arguments: withoutSelf)
    func `where there is no socket nothing can be for it`(example: Case) throws {
        guard case .failure(let errors) = try ActionParserTests.parse(example.json, selfSocketID: nil) else {
            Issue.record("\(example.json) was accepted")
            return
        }
        #expect(errors.all.map(\.description) == example.errors)
    }

    private func errors(_ json: String) throws -> [String] {
        guard case .failure(let errors) = try ActionParserTests.parse(json) else { return [] }
        return errors.all.map(\.description)
    }

    @Test func `a socket joins at most 100 rooms at once`() throws {
        func join(_ count: Int) -> String {
            "[{\"do\":\"join\",\"rooms\":[" + (0..<count).map { "\"r\($0)\"" }.joined(separator: ",") + "]}]"
        }
        #expect(try errors(join(100)) == [])
        #expect(try errors(join(101)) == ["/actions/0/rooms: has 101 entries, at most 100 are allowed"])
        #expect(try errors(join(1_001)) == ["/actions/0/rooms: has 1001 entries, at most 100 are allowed"])
    }

    @Test func `a room has a name of at most 255 bytes`() throws {
        func join(_ length: Int) -> String {
            "[{\"do\":\"join\",\"rooms\":[\"\(String(repeating: "é", count: length))\"]}]"
        }
        #expect(try errors(join(127)) == [])
        #expect(try errors(join(128)) == ["/actions/0/rooms/0: must have at most 255 bytes, has 256"])
    }

    @Test func `a state that can never fit is refused at once`() throws {
        func state(_ size: Int) -> String {
            "[{\"do\":\"state\",\"set\":{\"a\":\"\(String(repeating: "x", count: size))\"}}]"
        }
        #expect(try errors(state(16 * 1024 - 3)) == [])
        #expect(
            try errors(state(16 * 1024 - 2)) == ["/actions/0/set: is larger than the 16384 bytes of a socket's state"])
    }

    @Test func `a list has at most 1,000 actions, and at most 100 problems are told`() throws {
        func kicks(_ count: Int) -> String {
            "[" + Array(repeating: "{\"do\":\"kick\"}", count: count).joined(separator: ",") + "]"
        }
        #expect(try errors(kicks(1_000)) == [])
        #expect(try errors(kicks(1_001)) == ["/actions: has 1001 actions, at most 1000 are allowed"])
        #expect(try errors(kicks(1_000).replacing("kick", with: "kck")).count == 100)
    }

    @Test func `an error says where in the document it is`() throws {
        let json = #"[{"do":"join","rooms":["ok",""],"x":1}]"#
        guard case .failure(let errors) = try ActionParserTests.parse(json) else {
            Issue.record("accepted")
            return
        }
        #expect(
            errors.all.map { json.utf8.dropFirst($0.range.lowerBound).prefix($0.range.count) }.map { String($0) } == [
                #""x""#, #""""#,
            ])
    }
}

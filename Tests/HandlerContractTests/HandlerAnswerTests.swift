import JSONScanner
import Randomness
import Routing
import Testing

import struct NIOCore.ByteBuffer

@testable import HandlerContract

@Suite struct HandlerAnswerTests {
    private func parse(_ text: String, selfSocketID: String? = "me1") throws(ActionErrors) -> HandlerAnswer {
        try HandlerAnswer.parse(Array(text.utf8), selfSocketID: selfSocketID)
    }

    private func problems(_ text: String, selfSocketID: String? = "me1") -> [ActionError] {
        do throws(ActionErrors) {
            _ = try parse(text, selfSocketID: selfSocketID)
            return []
        } catch {
            return error.all
        }
    }

    @Test func `the example of the contract is read`() throws {
        let answer = try parse(
            """
            {
              "ack": [ { "ok": true, "id": 991 } ],
              "error": { "code": "badInput", "message": "text too long", "data": { "max": 2000 } },
              "state": { "set": { "room": "7" }, "unset": ["draft"] },
              "actions": [
                { "do": "join", "rooms": ["room:7"] },
                { "do": "emit", "to": { "rooms": ["room:7"], "except": { "sockets": ["self"] } },
                  "event": "message", "args": [ { "id": 991, "text": "hi" } ], "id": "msg_991" },
                { "do": "disconnect", "target": { "users": ["u13"] }, "close": true, "reason": "banned" }
              ]
            }
            """)
        #expect(answer.ack?.arguments == Array(#" { "ok": true, "id": 991 } "#.utf8))
        #expect(answer.error?.code.rawValue == "badInput")
        #expect(answer.error?.message == "text too long")
        #expect(answer.error?.data == Array(#"{ "max": 2000 }"#.utf8))
        #expect(answer.state.set.map(\.key) == ["room"] && answer.state.set.map(\.json) == [Array(#""7""#.utf8)])
        #expect(answer.state.unset == ["draft"])
        try #require(answer.actions.count == 3)
        guard case .join(rooms: ["room:7"], .me) = answer.actions[0],
            case .emit(let emit) = answer.actions[1], case .target(let target, namespace: nil) = emit.to,
            case .disconnect(.target(let banned, namespace: nil), close: true, reason: "banned") = answer.actions[2]
        else {
            Issue.record("\(answer.actions)")
            return
        }
        #expect(target.rooms == ["room:7"] && target.except.sockets == ["me1"])
        #expect(emit.event == "message" && emit.id == "msg_991")
        #expect(banned.users == ["u13"])
        #expect(answer.reply == answer.ack)
    }

    @Test(arguments: ["", " ", "\r\n\t ", "{}", #"{"ack":null,"error":null,"state":null,"actions":null}"#])
    func `nothing to say means done`(text: String) throws {
        let answer = try parse(text)
        #expect(answer.ack == nil && answer.error == nil && answer.state.isEmpty && answer.actions.isEmpty)
        #expect(answer.reply == HandlerAnswer.Ack(arguments: []))
    }

    @Test func `the ack is what the handler wrote, byte for byte`() throws {
        let odd = #"1e400, {"a":1,"a":2}, "\ud800" "#
        #expect(try parse(#"{"ack":[\#(odd)]}"#).ack?.arguments == Array(odd.utf8))
        #expect(try parse(#"{"ack":[]}"#).ack?.arguments == [])
    }

    @Test func `binary parts of an ack fill its placeholders`() throws {
        let answer = try parse(
            #"{"ack":[{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}],"attachments":["AAEC","/w=="]}"#)
        #expect(answer.ack?.attachments == [ByteBuffer(bytes: [0, 1, 2]), ByteBuffer(bytes: [255])])
    }

    @Test(arguments: [
        (#"{"error":{"code":"x","message":"m"}}"#, #"{"error":{"code":"x","message":"m"}}"#),
        (#"{"error":{"message":"m"}}"#, #"{"error":{"code":"handlerError","message":"m"}}"#),
        (#"{"error":{"code":"x"}}"#, #"{"error":{"code":"x","message":""}}"#),
        (#"{"error":{"code":"x","data":[1e400]}}"#, #"{"error":{"code":"x","message":"","data":[1e400]}}"#),
    ])
    func `an error without an ack is the callback's argument`(text: String, argument: String) throws {
        #expect(String(decoding: try parse(text).reply.arguments, as: UTF8.self) == argument)
    }

    /// B4: what a broken handler may send, and where the error points.
    private static let bad: [(text: String, pointer: String)] = [
        // No JSON.
        ("ok", ""), ("<html>", ""), ("{", ""), ("{\"ack\":[1}", ""), ("{}{}", ""), ("{'ack':[]}", ""),
        ("\u{feff}{}", ""),
        (#"{"ack":[01]}"#, ""), (#"{"ack":[NaN]}"#, ""), (#"{"ack":["\#u{1}"]}"#, ""), (#"{"ack":[1,]}"#, ""),
        (String(repeating: "[", count: 100_000), ""),
        (#"{"ack":[\#(String(repeating: "[", count: 100))\#(String(repeating: "]", count: 100))]}"#, ""),
        // Not an answer.
        ("[]", ""), ("null", ""), ("true", ""), ("\"done\"", ""), ("0", ""),
        // Keys.
        (#"{"acks":[]}"#, "/acks"), (#"{"Ack":[]}"#, "/Ack"), (#"{"a/b~c":1}"#, "/a~1b~0c"), (#"{"":1}"#, "/"),
        (#"{"ack":[],"ack":[]}"#, "/ack"), (#"{"result":{"ack":[]}}"#, "/result"), (#"{"unknown":null}"#, "/unknown"),
        // Ack.
        (#"{"ack":{}}"#, "/ack"), (#"{"ack":true}"#, "/ack"), (#"{"ack":"ok"}"#, "/ack"),
        (#"{"ack":[1,{"f":[{"_placeholder":true,"num":0}]}]}"#, "/ack/1/f/0"),
        (#"{"ack":[{"_placeholder":true}],"attachments":["AA=="]}"#, "/ack/0"),
        (#"{"ack":[{"_placeholder":true,"num":-1}],"attachments":[]}"#, "/ack/0"),
        (#"{"ack":[{"_placeholder":true,"num":99999999999999999999}]}"#, "/ack/0"),
        (#"{"ack":[1],"attachments":["AA=="]}"#, "/attachments/0"), (#"{"attachments":["AA=="]}"#, "/attachments"),
        (#"{"ack":[{"_placeholder":true,"num":0}],"attachments":["AA="]}"#, "/attachments/0"),
        (#"{"ack":[{"_placeholder":true,"num":0}],"attachments":[7]}"#, "/attachments/0"),
        (#"{"ack":[],"attachments":"AA=="}"#, "/attachments"),
        // Error.
        (#"{"error":"no"}"#, "/error"), (#"{"error":{}}"#, "/error"), (#"{"error":{"code":7}}"#, "/error/code"),
        (#"{"error":{"code":""}}"#, "/error/code"), (#"{"error":{"code":"x","message":[]}}"#, "/error/message"),
        (#"{"error":{"msg":"x"}}"#, "/error/msg"),
        // State.
        (#"{"state":[]}"#, "/state"), (#"{"state":{"plan":"pro"}}"#, "/state/plan"),
        (#"{"state":{"set":[]}}"#, "/state/set"),
        (#"{"state":{"set":{"":1}}}"#, "/state/set/"), (#"{"state":{"unset":"draft"}}"#, "/state/unset"),
        (#"{"state":{"unset":["a",1]}}"#, "/state/unset/1"), (#"{"state":{"set":{"a":1,"a":2}}}"#, "/state/set/a"),
        (#"{"state":{"set":{"big":"\#(String(repeating: "x", count: 16_384))"}}}"#, "/state/set"),
        // Actions.
        (#"{"actions":{}}"#, "/actions"), (#"{"actions":[7]}"#, "/actions/0"), (#"{"actions":[null]}"#, "/actions/0"),
        (#"{"actions":[{}]}"#, "/actions/0"), (#"{"actions":[{"do":7}]}"#, "/actions/0/do"),
        (#"{"actions":[{"do":"emti","event":"x"}]}"#, "/actions/0/do"),
        (#"{"actions":[{"do":"exec"}]}"#, "/actions/0/do"),
        (#"{"actions":[{"do":"emit"}]}"#, "/actions/0"),
        (#"{"actions":[{"do":"emit","event":7}]}"#, "/actions/0/event"),
        (#"{"actions":[{"do":"emit","event":"disconnect"}]}"#, "/actions/0/event"),
        (#"{"actions":[{"do":"emit","event":"x","args":{}}]}"#, "/actions/0/args"),
        (#"{"actions":[{"do":"emit","event":"x","arg":[]}]}"#, "/actions/0/arg"),
        (#"{"actions":[{"do":"emit","event":"x","to":"everyone"}]}"#, "/actions/0/to"),
        (#"{"actions":[{"do":"emit","event":"x","to":{}}]}"#, "/actions/0/to"),
        (#"{"actions":[{"do":"emit","event":"x","to":{"all":true,"room":["a"]}}]}"#, "/actions/0/to/room"),
        (#"{"actions":[{"do":"emit","event":"x","to":{"rooms":"a"}}]}"#, "/actions/0/to/rooms"),
        (#"{"actions":[{"do":"emit","event":"x","to":{"rooms":["a",1]}}]}"#, "/actions/0/to/rooms/1"),
        (#"{"actions":[{"do":"emit","event":"x","to":{"all":1}}]}"#, "/actions/0/to/all"),
        (#"{"actions":[{"do":"emit","event":"x","volatile":"yes"}]}"#, "/actions/0/volatile"),
        (#"{"actions":[{"do":"emit","event":"x"},{"do":"join"}]}"#, "/actions/1"),
        (#"{"actions":[{"do":"join","rooms":["a",""]}]}"#, "/actions/0/rooms/1"),
        (#"{"actions":[{"do":"send","text":"a","base64":"AA=="}]}"#, "/actions/0"),
        (#"{"actions":[{"do":"send","base64":"?"}]}"#, "/actions/0/base64"),
        (#"{"actions":[{"do":"send","message":"{message}"}]}"#, "/actions/0/message"),
        (#"{"actions":[{"do":"disconnect","close":"true"}]}"#, "/actions/0/close"),
        (#"{"actions":[{"do":"kick","reason":{}}]}"#, "/actions/0/reason"),
        (#"{"actions":[{"do":"state","set":7}]}"#, "/actions/0/set"),
        (#"{"actions":[{"do":"refresh","ttl":"soon"}]}"#, "/actions/0/ttl"),
        (#"{"actions":[{"do":"refresh","expiresAt":-1}]}"#, "/actions/0/expiresAt"),
    ]

    @Test func `of a bad answer nothing is used and the error names the place`() {
        #expect(Self.bad.count >= 40)
        for (text, pointer) in Self.bad {
            let found = problems(text)
            #expect(found.map(\.pointer) == [pointer], "\(text.prefix(100)): \(found)")
            let size = text.utf8.count
            #expect(found.allSatisfy { !$0.message.isEmpty && $0.range.lowerBound >= 0 && $0.range.upperBound <= size })
        }
    }

    @Test func `good parts do not help a bad one`() {
        for (text, pointer) in Self.bad where text.hasPrefix(#"{"actions":[{"#) {
            let mixed = #"{"ack":[1],"state":{"set":{"a":1}},"# + text.dropFirst()
            #expect(problems(mixed).map(\.pointer) == [pointer])
        }
    }

    @Test func `everything wrong is told at once`() {
        let found = problems(#"{"ack":1,"error":2,"state":3,"actions":4,"x":5}"#)
        #expect(found.map(\.pointer).sorted() == ["/ack", "/actions", "/error", "/state", "/x"])
    }

    @Test(arguments: [("acks", "ack"), ("action", "actions"), ("State", "state"), ("eror", "error")])
    func `a mistyped key is shown the right one`(wrong: String, right: String) {
        #expect(problems(#"{"\#(wrong)":[]}"#).first?.message.contains("did you mean \"\(right)\"?") == true)
    }

    @Test func `broken JSON is told with line and column`() {
        #expect(problems("{\n  \"ack\": [1,\n}").first?.message.contains("line 3, column 1") == true)
    }

    @Test func `a megabyte is taken and a byte more is not`() throws {
        let filler = String(repeating: " ", count: HandlerAnswer.maxBytes - 2)
        _ = try parse("{\(filler)}")
        #expect(problems("{\(filler) }").map(\.pointer) == [""])
    }

    @Test func `an answer full of mistakes is told in a hundred`() {
        let keys = (0..<20_000).map { "\"k\($0)\":1" }.joined(separator: ",")
        #expect(problems("{\(keys)}").count == ActionErrors.limit)
        let placeholders = (0..<15_000).map { "{\"_placeholder\":true,\"num\":\($0)}" }.joined(separator: ",")
        #expect(problems("{\"ack\":[\(placeholders)]}").count == ActionErrors.limit)
    }

    @Test func `without a socket there is no self`() throws {
        #expect(problems(#"{"actions":[{"do":"emit","event":"x"}]}"#, selfSocketID: nil).count == 1)
        let answer = try parse(#"{"actions":[{"do":"emit","event":"x","to":{"all":true}}]}"#, selfSocketID: nil)
        #expect(answer.actions.count == 1)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `answers with flipped bytes never trap`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let good =
            Array(
                #"{"ack":[{"_placeholder":true,"num":0}],"attachments":["AAEC"],"state":{"set":{"a":[1]},"unset":["b"]},"#
                    .utf8)
            + Array(#""actions":[{"do":"join","rooms":["r"]}],"error":{"code":"c","message":"é","data":null}}"#.utf8)
        for _ in 0..<3_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes.removeLast(
                Int.random(in: 0..<4, using: &random) == 0 ? Int.random(in: 0..<bytes.count, using: &random) : 0)
            _ = try? HandlerAnswer.parse(bytes, selfSocketID: "me1")
            _ = try? ConnectAnswer.parse(bytes, selfSocketID: "me1")
        }
    }
}

import Routing
import Testing

@testable import HandlerContract

@Suite struct ConnectAnswerTests {
    private func parse(_ text: String) throws(ActionErrors) -> ConnectAnswer {
        try ConnectAnswer.parse(Array(text.utf8), selfSocketID: "me1")
    }

    private func pointers(_ text: String) -> [String] {
        do throws(ActionErrors) {
            _ = try parse(text)
            return []
        } catch {
            return error.all.map(\.pointer)
        }
    }

    @Test func `an acceptance tells what the socket starts with`() throws {
        let answer = try parse(
            #"""
            { "accept": true, "user": "u42", "state": { "plan": "pro" }, "rooms": ["user:u42"], "expiresAt": 1767229200,
              "actions": [{ "do": "emit", "event": "hello" }] }
            """#)
        guard case .accept(let acceptance) = answer else {
            Issue.record("\(answer)")
            return
        }
        #expect(acceptance.user == "u42" && acceptance.rooms == ["user:u42"])
        #expect(acceptance.state.map(\.key) == ["plan"] && acceptance.state.map(\.json) == [Array(#""pro""#.utf8)])
        #expect(acceptance.expiresAt == 1_767_229_200 && acceptance.actions.count == 1)
    }

    @Test(arguments: [
        #"{"accept":true}"#, #"{"accept":true,"retry":false}"#,
        #"{"accept":true,"user":null,"state":null,"rooms":null,"expiresAt":null,"actions":null,"error":null}"#,
    ])
    func `to accept is enough`(text: String) throws {
        guard case .accept(let acceptance) = try parse(text) else {
            Issue.record("not accepted")
            return
        }
        #expect(acceptance.user == nil && acceptance.rooms.isEmpty && acceptance.state.isEmpty)
        #expect(acceptance.expiresAt == nil && acceptance.actions.isEmpty)
    }

    @Test(arguments: [
        (
            #"{"accept":false,"error":{"message":"not authorized","data":{ "code": "E_AUTH" }}}"#,
            #"{"message":"not authorized","data":{ "code": "E_AUTH" }}"#
        ),
        (#"{"accept":false,"error":{"message":"no \"x\""}}"#, #"{"message":"no \"x\""}"#),
        (#"{"accept":false}"#, #"{"message":"not authorized"}"#),
        (#"{"accept":false,"retry":false}"#, #"{"message":"not authorized"}"#),
    ])
    func `a refusal is the payload of CONNECT_ERROR`(text: String, json: String) throws {
        guard case .refuse(let refusal) = try parse(text) else {
            Issue.record("not refused")
            return
        }
        #expect(String(decoding: refusal.json, as: UTF8.self) == json)
    }

    @Test func `a handler can ask for patience`() throws {
        guard case .retry = try parse(#"{"accept":false,"retry":true}"#) else {
            Issue.record("no retry")
            return
        }
    }

    @Test(arguments: [
        ("", ""), (" \n", ""), ("{", ""), ("true", ""), ("[]", ""), ("{}", "/accept"), (#"{"accept":null}"#, "/accept"),
        (#"{"accept":"yes"}"#, "/accept"), (#"{"accept":1}"#, "/accept"),
        (#"{"accept":true,"accept":false}"#, "/accept"),
        (#"{"accept":true,"usr":"u"}"#, "/usr"), (#"{"accept":true,"ack":[]}"#, "/ack"),
        (#"{"accept":true,"user":42}"#, "/user"), (#"{"accept":true,"user":""}"#, "/user"),
        (#"{"accept":true,"user":"\#(String(repeating: "u", count: 256))"}"#, "/user"),
        (#"{"accept":true,"state":{"set":1},"rooms":"a"}"#, "/rooms"), (#"{"accept":true,"state":[]}"#, "/state"),
        (#"{"accept":true,"state":{"a":"\#(String(repeating: "x", count: 16_384))"}}"#, "/state"),
        (#"{"accept":true,"rooms":["a",null]}"#, "/rooms/1"),
        (#"{"accept":true,"rooms":[\#(Array(repeating: "\"r\"", count: 101).joined(separator: ","))]}"#, "/rooms"),
        (#"{"accept":true,"expiresAt":"2026"}"#, "/expiresAt"), (#"{"accept":true,"expiresAt":-1}"#, "/expiresAt"),
        (#"{"accept":true,"expiresAt":1.5}"#, "/expiresAt"), (#"{"accept":true,"expiresAt":1e400}"#, "/expiresAt"),
        (#"{"accept":true,"actions":[{"do":"jion"}]}"#, "/actions/0/do"),
        (#"{"accept":true,"error":{"message":"x"}}"#, "/error"), (#"{"accept":true,"retry":true}"#, "/retry"),
        (#"{"accept":false,"user":"u"}"#, "/user"), (#"{"accept":false,"actions":[]}"#, "/actions"),
        (#"{"accept":false,"retry":1}"#, "/retry"),
        (#"{"accept":false,"retry":true,"error":{"message":"x"}}"#, "/error"),
        (#"{"accept":false,"error":"no"}"#, "/error"), (#"{"accept":false,"error":{}}"#, "/error/message"),
        (#"{"accept":false,"error":{"message":7}}"#, "/error/message"),
        (#"{"accept":false,"error":{"message":"x","code":"c"}}"#, "/error/code"),
    ])
    func `anything else accepts nobody and refuses nobody`(text: String, pointer: String) {
        #expect(pointers(text) == [pointer])
    }
}

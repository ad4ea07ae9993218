import Bus
import JSONScanner
import Routing
import Testing

@testable import Gateway

@Suite struct AdminActionsTests {
    private func emit(_ text: String, key: String? = nil, besides: [String] = []) throws -> Emit {
        try AdminActions.emit(try JSONDocument(text).root, idempotencyKey: key, besides: besides)
    }

    private func pointers(_ text: String) throws -> [String] {
        let node = try JSONDocument(text).root
        return problem { () throws(AdminProblem) in _ = try AdminActions.emit(node, idempotencyKey: nil) }?
            .errors.map(\.pointer) ?? []
    }

    @Test func `an emit is read without its verb, arguments byte for byte`() throws {
        let emit = try self.emit(#"{"to":{"rooms":["r"]},"event":"e","args":[1e400, {"a":1,"a":2},"\ud800"],"id":"i"}"#)
        #expect(String(decoding: emit.arguments, as: UTF8.self) == #"1e400, {"a":1,"a":2},"\ud800""#)
        #expect(emit.event == "e")
        #expect(emit.id == "i")
        #expect(try self.emit(#"{"do":"emit","to":{"all":true},"event":"e"}"#).event == "e")
    }

    @Test func `everything that is wrong is named at once`() throws {
        #expect(try self.pointers("{}") == ["/event", "/to"])
        #expect(try self.pointers(#"{"to":"self","event":5,"args":{},"x":1}"#) == ["/x", "/to", "/event", "/args"])
        #expect(try self.pointers(#"{"do":"kick","to":{"all":true},"event":"e"}"#) == ["/do"])
        #expect(try self.pointers(#"{"to":{"all":true},"event":"e","event":"f"}"#) == ["/event"])
        #expect(try self.pointers(#"{"to":{"all":true},"event":"disconnect"}"#) == ["/event"])
    }

    @Test func `the idempotency key is the id of an event that has none`() throws {
        #expect(try self.emit(#"{"to":{"all":true},"event":"e"}"#, key: "k").id == "k")
        #expect(try self.emit(#"{"to":{"all":true},"event":"e","id":"i"}"#, key: "k").id == "i")
        let node = try JSONDocument(#"{"to":{"all":true},"event":"e"}"#).root
        let long = String(repeating: "k", count: 256)
        let found = problem { () throws(AdminProblem) in _ = try AdminActions.emit(node, idempotencyKey: long) }
        #expect(found?.status == 400)
    }

    @Test func `a list is valid as a whole, bare or in an object`() throws {
        let kick = #"{"do":"kick","target":{"users":["u"]}}"#
        let emit = #"{"do":"emit","to":{"all":true},"event":"e"}"#
        for text in ["[\(kick),\(emit)]", "{\"actions\":[\(kick),\(emit)]}"] {
            let actions = try AdminActions.list(try JSONDocument(text).root, key: "actions", idempotencyKey: "k")
            #expect(actions.count == 2)
            guard case .emit(let event) = actions[1] else { throw AdminFixture.Incomplete() }
            #expect(event.id == "k 1")
        }
        func pointers(_ text: String) throws -> [String] {
            let node = try JSONDocument(text).root
            return problem { () throws(AdminProblem) in
                _ = try AdminActions.list(node, key: "actions", idempotencyKey: nil)
            }?.errors.map(\.pointer) ?? []
        }
        #expect(try pointers("[\(kick),{\"do\":\"explode\"}]") == ["/1/do"])
        #expect(
            try pointers("{\"actions\":[\(kick),{\"do\":\"emit\",\"event\":\"e\",\"to\":\"self\"}]}") == [
                "/actions/1/to"
            ])
        #expect(try pointers("[{\"do\":\"refresh\",\"ttl\":\"5s\"}]") == ["/0"])
        #expect(try pointers("[]") == [""])
        #expect(try pointers("5") == [""])
        #expect(try pointers("{}") == ["/actions"])
        #expect(try pointers("{\"actions\":[\(kick)],\"x\":1}") == ["/x"])
    }

    @Test func `the actions of a batch are read each for itself`() throws {
        let text = #"{"batch":[{"do":"explode"},{"do":"kick","target":{"all":true}},7]}"#
        let batch = try AdminActions.batch(try JSONDocument(text).root, key: "batch", idempotencyKey: nil)
        #expect(batch.map { (try? $0.get()) != nil } == [false, true, false])
        let many = "[" + Array(repeating: "7", count: 1_001).joined(separator: ",") + "]"
        let node = try JSONDocument(many).root
        let found = problem { () throws(AdminProblem) in
            _ = try AdminActions.batch(node, key: "batch", idempotencyKey: nil)
        }
        #expect(found?.status == 400)
    }
}

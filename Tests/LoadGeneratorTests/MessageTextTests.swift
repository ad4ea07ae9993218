import Testing

@testable import LoadGenerator

@Suite struct MessageTextTests {
    private func text(_ change: (inout LoadPlan) -> Void = { _ in }) throws -> MessageText {
        let server = try #require(ServerAddress("http://h"))
        var plan = LoadPlan(scenario: .echo, server: server, dialect: .socketIO, transport: .webSocket)
        plan.size = 20
        change(&plan)
        return MessageText(plan: plan)
    }

    private func answer(_ text: MessageText, _ message: String) -> UInt64? {
        Array(message.utf8).withUnsafeBytes { text.answer(in: $0) }
    }

    @Test func `an event asks for its ack, and its data has the wanted size`() throws {
        var text = try self.text()
        text.make(42)
        #expect(String(decoding: text.bytes, as: UTF8.self) == #"242["echo","gh000000000042xxxxxx"]"#)
        #expect(self.answer(text, "342[1]") == 42)
        #expect(self.answer(text, "3[]") == nil)
        #expect(self.answer(text, "2[\"gh000000000042\"]") == nil)
    }

    @Test func `a namespace stands before the id, both ways`() throws {
        var text = try self.text { $0.namespace = "/chat" }
        text.make(7)
        #expect(String(decoding: text.bytes, as: UTF8.self).hasPrefix("2/chat,7["))
        #expect(self.answer(text, "3/chat,7[]") == 7)
    }

    @Test func `without an ack the data tells which message was answered`() throws {
        var text = try self.text { $0.expectsAck = false }
        text.make(999_999_999_999)
        #expect(String(decoding: text.bytes, as: UTF8.self).hasPrefix("2[\"echo\","))
        #expect(self.answer(text, #"2["echoed",{"ghost":"gh999999999999xx"}]"#) == 999_999_999_999)
        #expect(self.answer(text, "gh12") == nil)
    }
}

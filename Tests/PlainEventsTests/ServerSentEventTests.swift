import NIOCore
import Testing

@testable import PlainEvents

@Suite struct ServerSentEventTests {
    private func written(_ body: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer(string: "before\n")
        body(&buffer)
        return String(String(buffer: buffer).dropFirst(7))
    }

    private func arguments(_ text: String, _ attachments: [ByteBuffer] = []) throws -> PlainArguments {
        try #require(PlainArguments(Array(text.utf8), attachments: attachments))
    }

    @Test func `an event has an id, a name and the list of its arguments`() throws {
        let arguments = try self.arguments(#""hi",{"a":1}"#)
        let none = try self.arguments("")
        let text = self.written {
            ServerSentEvent.event(name: "said", arguments: arguments, offset: "e.7", into: &$0)
        }
        #expect(text == "id: e.7\nevent: said\ndata: [\"hi\",{\"a\":1}]\n\n")
        let volatile = self.written { ServerSentEvent.event(name: "typing", arguments: none, into: &$0) }
        #expect(volatile == "event: typing\ndata: []\n\n")
    }

    @Test func `no line break of a value ends its line`() throws {
        let arguments = try self.arguments("1,\n\r\n 2")
        let text = self.written {
            ServerSentEvent.event(
                name: "a\r\nid: 9\n\nevent: b", arguments: arguments, offset: "7\ndata: x", into: &$0)
        }
        #expect(text == "id: 7 data: x\nevent: a  id: 9  event: b\ndata: [1,    2]\n\n")
    }

    @Test func `bytes stand in it as base64`() throws {
        let arguments = try self.arguments(#"{"_placeholder":true,"num":0}"#, [ByteBuffer(bytes: [1, 2, 3])])
        let text = self.written {
            ServerSentEvent.event(name: "pic", arguments: arguments, into: &$0)
        }
        #expect(text == "event: pic\ndata: [{\"base64\":\"AQID\"}]\n\n")
    }

    @Test func `the beginning says when to come back, comments say nothing, a hole is told`() {
        #expect(self.written { ServerSentEvent.opening(retry: .milliseconds(1_500), into: &$0) } == "retry: 1500\n\n")
        let known = self.written { ServerSentEvent.opening(retry: .seconds(2), offset: "e.7", into: &$0) }
        #expect(known == "retry: 2000\nid: e.7\n\n")
        #expect(
            self.written { ServerSentEvent.farewell(into: &$0) }
                == "id: \(ServerSentEvent.farewellID)\nevent: disconnect\ndata: []\n\n")
        #expect(self.written { ServerSentEvent.keepAlive(into: &$0) } == ":\n\n")
        #expect(self.written { ServerSentEvent.reset(into: &$0) } == "event: reset\ndata: []\n\n")
        // One event: nobody has the new offset without the word.
        #expect(
            self.written { ServerSentEvent.reset(offset: "e.7", into: &$0) } == "id: e.7\nevent: reset\ndata: []\n\n")
    }
}

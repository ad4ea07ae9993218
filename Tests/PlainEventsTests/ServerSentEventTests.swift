import NIOCore
import Testing

@testable import PlainEvents

@Suite struct ServerSentEventTests {
    private func written(_ body: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer(string: "before\n")
        body(&buffer)
        return String(String(buffer: buffer).dropFirst(7))
    }

    @Test func `an event has an id, a name and the list of its arguments`() {
        let text = self.written {
            ServerSentEvent.event(name: "said", arguments: Array(#""hi",{"a":1}"#.utf8), offset: "e.7", into: &$0)
        }
        #expect(text == "id: e.7\nevent: said\ndata: [\"hi\",{\"a\":1}]\n\n")
        let volatile = self.written { ServerSentEvent.event(name: "typing", arguments: [], into: &$0) }
        #expect(volatile == "event: typing\ndata: []\n\n")
    }

    @Test func `no line break of a value ends its line`() {
        let text = self.written {
            ServerSentEvent.event(
                name: "a\r\nid: 9\n\nevent: b", arguments: Array("1,\n\r\n 2".utf8), offset: "7\ndata: x", into: &$0)
        }
        #expect(text == "id: 7 data: x\nevent: a  id: 9  event: b\ndata: [1,    2]\n\n")
    }

    @Test func `bytes stand in it as base64`() {
        let text = self.written {
            ServerSentEvent.event(
                name: "pic", arguments: Array(#"{"_placeholder":true,"num":0}"#.utf8),
                attachments: [ByteBuffer(bytes: [1, 2, 3])], into: &$0)
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
    }
}

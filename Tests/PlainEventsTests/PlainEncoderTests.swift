import NIOCore
import Testing

@testable import PlainEvents

@Suite struct PlainEncoderTests {
    private func written(_ body: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        body(&buffer)
        return String(buffer: buffer)
    }

    @Test func `an event has its name, its arguments as they were, and its offset`() {
        let text = self.written {
            PlainEncoder.event(name: "sa\"id", arguments: Array("1, {\"a\":2}".utf8), offset: "e.7", into: &$0)
        }
        #expect(text == #"{"event":"sa\"id","args":[1, {"a":2}],"offset":"e.7"}"#)
        #expect(self.written { PlainEncoder.event(name: "x", arguments: [], into: &$0) } == #"{"event":"x","args":[]}"#)
    }

    @Test func `one that asks for an answer says under which number`() {
        let text = self.written { PlainEncoder.event(name: "ask", arguments: [], ackID: 3, into: &$0) }
        #expect(text == #"{"event":"ask","args":[],"ack":3}"#)
    }

    @Test func `an ack has the number of its event`() {
        let arguments = ByteBuffer(string: "\"ok\"")
        #expect(
            self.written { PlainEncoder.ack(id: 7, arguments: arguments, into: &$0) } == #"{"ack":7,"args":["ok"]}"#)
        #expect(self.written { PlainEncoder.answer(arguments: arguments, into: &$0) } == #"{"args":["ok"]}"#)
    }

    @Test func `attachments stand where their placeholders were`() {
        let arguments =
            #""a",{"_placeholder":true,"num":1},[{"num":0,"_placeholder":true}],{"_placeholder":true,"num":9}"#
        let text = self.written {
            PlainEncoder.event(
                name: "pic", arguments: Array(arguments.utf8),
                attachments: [ByteBuffer(bytes: [1, 2, 3]), ByteBuffer(bytes: [0xFF])], into: &$0)
        }
        #expect(
            text
                == #"{"event":"pic","args":["a",{"base64":"/w=="},[{"base64":"AQID"}],{"_placeholder":true,"num":9}]}"#)
    }
}

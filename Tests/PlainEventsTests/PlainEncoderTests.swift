import NIOCore
import Testing

@testable import PlainEvents

@Suite struct PlainEncoderTests {
    private func written(_ body: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        body(&buffer)
        return String(buffer: buffer)
    }

    @Test func `an event has its name, its arguments as they were, and its offset`() throws {
        let arguments = try #require(PlainArguments(Array("1, {\"a\":2}".utf8)))
        let text = self.written {
            PlainEncoder.event(name: "sa\"id", arguments: arguments, offset: "e.7", into: &$0)
        }
        #expect(text == #"{"event":"sa\"id","args":[1, {"a":2}],"offset":"e.7"}"#)
        let none = try #require(PlainArguments([UInt8]()))
        #expect(
            self.written { PlainEncoder.event(name: "x", arguments: none, into: &$0) } == #"{"event":"x","args":[]}"#)
    }

    @Test func `one that asks for an answer says under which number`() throws {
        let none = try #require(PlainArguments([UInt8]()))
        let text = self.written { PlainEncoder.event(name: "ask", arguments: none, ackID: 3, into: &$0) }
        #expect(text == #"{"event":"ask","args":[],"ack":3}"#)
    }

    @Test func `an ack has the number of its event`() throws {
        let arguments = try #require(PlainArguments(ByteBuffer(string: "\"ok\"")))
        #expect(
            self.written { PlainEncoder.ack(id: 7, arguments: arguments, into: &$0) } == #"{"ack":7,"args":["ok"]}"#)
    }
}

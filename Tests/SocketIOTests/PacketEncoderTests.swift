import NIOCore
import SocketIO
import Testing

@Suite struct PacketEncoderTests {
    private func encoded(_ write: (inout ByteBuffer) -> Void) -> String {
        // What stands in the buffer before stays.
        var buffer = ByteBuffer(string: "4")
        write(&buffer)
        return String(String(buffer: buffer).dropFirst())
    }

    @Test func `packets of the server have the form of the protocol`() {
        #expect(encoded { PacketEncoder.connectReply(namespace: "/", sid: "abc", into: &$0) } == #"0{"sid":"abc"}"#)
        #expect(
            encoded { PacketEncoder.connectReply(namespace: "/chat", sid: "abc", pid: "def", into: &$0) }
                == #"0/chat,{"sid":"abc","pid":"def"}"#)
        #expect(
            encoded { PacketEncoder.connectError(namespace: "/random", message: "Invalid namespace", into: &$0) }
                == #"4/random,{"message":"Invalid namespace"}"#)
        #expect(
            encoded {
                PacketEncoder.connectError(
                    namespace: "", message: "no \"entry\"", data: Array(#"{"code":1e400}"#.utf8), into: &$0)
            } == #"4{"message":"no \"entry\"","data":{"code":1e400}}"#)
        #expect(encoded { PacketEncoder.disconnect(namespace: "/", into: &$0) } == "1")
        #expect(encoded { PacketEncoder.disconnect(namespace: "/chat", into: &$0) } == "1/chat,")
    }

    @Test func `in revision 4 an entry carries nothing and a refusal is one value`() {
        func encoded(_ write: (inout ByteBuffer) -> Void) -> String { self.encoded(write) }
        #expect(
            encoded { PacketEncoder.connectReply(namespace: "/", sid: "abc", pid: "p", revision: .four, into: &$0) }
                == "0")
        #expect(
            encoded { PacketEncoder.connectReply(namespace: "/chat", sid: "abc", revision: .four, into: &$0) }
                == "0/chat,")
        #expect(
            encoded { PacketEncoder.connectError(namespace: "/", message: "no \"entry\"", revision: .four, into: &$0) }
                == #"4"no \"entry\"""#)
        #expect(
            encoded {
                PacketEncoder.connectError(
                    namespace: "/chat", message: "no", data: Array(#"{"code":1}"#.utf8), revision: .four, into: &$0)
            } == #"4/chat,{"code":1}"#)
    }

    @Test func `events carry name, arguments, offset, id and number of attachments`() {
        #expect(encoded { PacketEncoder.event(namespace: "/", name: "a", arguments: [], into: &$0) } == #"2["a"]"#)
        let arguments = Array(#"1,{"b":null}"#.utf8)
        #expect(
            encoded { PacketEncoder.event(namespace: "/", name: "a", arguments: arguments, into: &$0) }
                == #"2["a",1,{"b":null}]"#)
        #expect(
            encoded { PacketEncoder.event(namespace: "/x", name: "a", arguments: arguments, ackID: 12, into: &$0) }
                == #"2/x,12["a",1,{"b":null}]"#)
        #expect(
            encoded { PacketEncoder.event(namespace: "/", name: "a", arguments: [], offset: "o-1", into: &$0) }
                == #"2["a","o-1"]"#)
        #expect(
            encoded {
                PacketEncoder.event(
                    namespace: "/x", name: "a", arguments: arguments, offset: "o", ackID: 0, attachmentCount: 10,
                    into: &$0)
            } == #"510-/x,0["a",1,{"b":null},"o"]"#)
        #expect(
            encoded { PacketEncoder.event(namespace: "/", name: "q\"\\\n", arguments: [], into: &$0) }
                == #"2["q\"\\\n"]"#)
        #expect(
            encoded { buffer in
                Array(#""\u0061""#.utf8).withUnsafeBytes { name in
                    arguments.withUnsafeBytes {
                        PacketEncoder.event(namespace: "/", nameJSON: name, arguments: $0, into: &buffer)
                    }
                }
            } == #"2["\u0061",1,{"b":null}]"#)
    }

    @Test func `an ack of null and an ack of nothing are different`() {
        #expect(
            encoded { PacketEncoder.ack(namespace: "/", id: 0, arguments: Array("null".utf8), into: &$0) } == "30[null]"
        )
        #expect(encoded { PacketEncoder.ack(namespace: "/", id: 0, arguments: [], into: &$0) } == "30[]")
        #expect(
            encoded {
                PacketEncoder.ack(
                    namespace: "/chat", id: 9_007_199_254_740_992,
                    arguments: Array(#"{"_placeholder":true,"num":0}"#.utf8), attachmentCount: 1, into: &$0)
            } == #"61-/chat,9007199254740992[{"_placeholder":true,"num":0}]"#)
    }

    @Test(arguments: PacketVectors.events + PacketVectors.acks + PacketVectors.binary)
    func `what was decoded is encoded back to the same bytes`(_ vector: PacketVectors.Vector) throws {
        let packet = vector.packet
        let arguments = Array(try #require(packet.arguments).utf8)
        let text = encoded { buffer in
            if packet.kind == .ack, let id = packet.ackID {
                PacketEncoder.ack(
                    namespace: packet.namespace, id: id, arguments: arguments,
                    attachmentCount: packet.attachments.count, into: &buffer)
            } else {
                PacketEncoder.event(
                    namespace: packet.namespace, name: packet.name ?? "", arguments: arguments, ackID: packet.ackID,
                    attachmentCount: packet.attachments.count, into: &buffer)
            }
        }
        #expect(text == vector.wire)
    }
}

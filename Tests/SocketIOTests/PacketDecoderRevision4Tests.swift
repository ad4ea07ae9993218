import NIOCore
import SocketIO
import Testing

@Suite struct PacketDecoderRevision4Tests {
    private func decode(_ wire: String) -> Outcome {
        var decoder = PacketDecoder(limits: .init(), revision: .four)
        return decoder.decode(wire)
    }

    @Test(arguments: [
        ("0", "/", ""), ("0/", "/", ""), ("0/chat", "/chat", ""), ("0/chat,", "/chat", ""),
        ("0/chat?token=abc", "/chat", "token=abc"), ("0/chat?token=abc&x=%2C,", "/chat", "token=abc&x=%2C"),
        ("0/?a=1", "/", "a=1"), ("0/chat?", "/chat", ""), ("0/chat?a?b", "/chat", "a?b"),
    ])
    func `a CONNECT brings the query of its namespace`(wire: String, namespace: String, query: String) {
        #expect(decode(wire) == .packet(DecodedPacket(kind: .connect, namespace: namespace, payload: query)))
    }

    @Test(arguments: ["0{}", "0/chat,{}", "0/chat,{\"token\":1}", "0x", "0[]", "05", "4\"no\"", "4/chat,\"no\""])
    func `a CONNECT has no payload, and only servers refuse`(wire: String) {
        #expect(isRefused(decode(wire)))
    }

    @Test(arguments: PacketVectors.events + PacketVectors.acks + PacketVectors.binary)
    func `events, acks and attachments are those of revision 5`(_ vector: PacketVectors.Vector) {
        var decoder = PacketDecoder(limits: .init(), revision: .four)
        var outcome = decoder.decode(vector.wire)
        for attachment in vector.attachments { outcome = decoder.decodeBinary(attachment) }
        #expect(outcome == .packet(vector.packet))
    }
}

import EngineIO
import NIOCore
import Testing

@Suite struct OutboundPacketTests {
    @Test(arguments: [
        (OutboundPacket.text("4hello"), "4hello"), (.text(""), ""), (.binary([1, 2, 3, 4]), "bAQIDBA=="),
        (.binary([]), "b"), (.ping, "2"), (.close, "1"), (.noop, "6"), (.probeAnswer, "3probe"),
    ])
    func `polling gets what is behind the frame header`(packet: OutboundPacket, wire: String) {
        var buffer = ByteBuffer(string: "|")
        packet.writePolling(into: &buffer)
        #expect(buffer.text == "|" + wire)
        #expect(packet.pollingLength == wire.utf8.count)
    }

    @Test func `control packets are whole frames`() {
        #expect(Array(OutboundPacket.ping.webSocketFrame.readableBytesView) == [0x81, 0x01, 0x32])
        #expect(Array(OutboundPacket.close.webSocketFrame.readableBytesView) == [0x81, 0x01, 0x31])
        #expect(Array(OutboundPacket.noop.webSocketFrame.readableBytesView) == [0x81, 0x01, 0x36])
        #expect(Array(OutboundPacket.probeAnswer.webSocketFrame.readableBytesView) == [0x81, 0x06] + "3probe".utf8)
    }

    @Test func `the WebSocket gets the frame as it is, not a copy`() {
        let packet = OutboundPacket.text("4hello")
        #expect(packet.webSocketFrame == ByteBuffer(string: "##4hello"))
    }
}

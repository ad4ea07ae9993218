import Bus
import EngineIO
import NIOCore
import Testing

@testable import Gateway

@Suite struct BroadcastTests {
    private func event(_ name: String, _ arguments: String, attachments: [ByteBuffer] = [], ackID: UInt64? = nil)
        -> Broadcast
    {
        Broadcast(
            target: Target(all: true), namespace: "/chat",
            content: .event(
                .init(name: name, arguments: Array(arguments.utf8), attachments: attachments, ackID: ackID)))
    }

    private func message(_ text: String) -> Broadcast {
        Broadcast(target: Target(all: true), namespace: "/", content: .message(.text(ByteBuffer(string: text))))
    }

    private func payload(_ packet: Encoding?) -> String? {
        packet.map { encoding in
            var frame = encoding.first.frame
            frame.moveReaderIndex(forwardBy: encoding.first.payloadOffset)
            return String(buffer: frame)
        }
    }

    @Test func `an event is said in the words of Socket.IO, with its namespace and its ack id`() {
        #expect(self.payload(self.event("say", "1, {}").encoding(.socketIO)) == #"42/chat,["say",1, {}]"#)
        #expect(self.payload(self.event("say", "", ackID: 7).encoding(.socketIO)) == #"42/chat,7["say"]"#)
        #expect(self.payload(self.message("hi").encoding(.engineIO)) == "4hi")
    }

    @Test func `attachments follow the event that they belong to`() {
        let placeholder = #"{"_placeholder":true,"num":0}"#
        let encoding = self.event("pic", placeholder, attachments: [ByteBuffer(bytes: [1, 2, 3])]).encoding(.socketIO)
        #expect(self.payload(encoding) == #"451-/chat,["pic",\#(placeholder)]"#)
        #expect(encoding?.attachments.map { Array($0.frame.readableBytesView) } == [[0x82, 3, 1, 2, 3]])
    }

    @Test func `clients of Socket.IO 2 read the same text, and bytes behind their type`() {
        let placeholder = #"{"_placeholder":true,"num":0}"#
        let plain = self.event("say", "1")
        #expect(Dialect.socketIO(.four, for: plain) == .socketIO)
        #expect(Dialect.socketIO(.five, for: plain) == .socketIO)
        let picture = self.event("pic", placeholder, attachments: [ByteBuffer(bytes: [1, 2, 3])])
        #expect(Dialect.socketIO(.five, for: picture) == .socketIO)
        #expect(Dialect.socketIO(.four, for: picture) == .socketIO4)
        let encoding = picture.encoding(.socketIO4)
        #expect(self.payload(encoding) == self.payload(picture.encoding(.socketIO)))
        #expect(encoding?.attachments.map { Array($0.frame.readableBytesView) } == [[0x82, 4, 4, 1, 2, 3]])
    }

    @Test func `for clients that take no bytes a binary packet of protocol 3 becomes text`() {
        let packet = OutboundPacket.binary(ByteBuffer(bytes: [1, 2, 3, 4]), for: .three)
        let text = packet.encoded(.polling, over: .polling)
        #expect(!text.isBinary)
        #expect(String(buffer: text.frame).hasSuffix("b4AQIDBA=="))
        #expect(packet.encoded(.polling, over: .websocket) == packet)
        #expect(packet.encoded([], over: .polling) == packet)
    }

    @Test func `what a dialect has no words for is not said at all`() {
        #expect(self.event("say", "1").encoding(.engineIO).map(\.first) == nil)
        #expect(self.message("hi").encoding(.socketIO).map(\.first) == nil)
    }

    @Test func `what would be too large with its attachments put in is not said to plain clients, and to others it is`()
    {
        let placeholders = [String](repeating: #"{"_placeholder":true,"num":0}"#, count: 17_000)
        let event = self.event(
            "pic", placeholders.joined(separator: ","), attachments: [ByteBuffer(repeating: 7, count: 480_000)])
        #expect(event.encoding(.json).map(\.first) == nil)
        #expect(event.encoding(.eventStream).map(\.first) == nil)
        #expect(event.encoding(.socketIO)?.attachments.count == 1)
    }

    @Test func `a dialect is encoded once, and all receivers share its bytes`() throws {
        let broadcast = self.event("say", String(repeating: "1,", count: 1_000) + "1")
        let first = try #require(broadcast.encoding(.socketIO)).first.frame
        let second = try #require(broadcast.encoding(.socketIO)).first.frame
        let addresses = [first, second].map { $0.withUnsafeReadableBytes { $0.baseAddress } }
        #expect(addresses[0] == addresses[1])
    }

    @Test func `a packet is compressed once for all receivers of a window, also when that saves nothing`() throws {
        let broadcast = self.event("say", String(repeating: "1,", count: 1_000) + "1")
        let packet = try #require(broadcast.encoding(.socketIO)).first
        let pool = DeflatePool()
        var asked: [Int] = []
        func frame(_ windowBits: Int, saves: Bool = true) -> ByteBuffer? {
            broadcast.deflated(packet, part: 0, of: .socketIO, windowBits: windowBits) {
                asked.append(windowBits)
                return saves ? pool.frame(.text, $0, windowBits: windowBits) : nil
            }
        }
        let frames = [frame(15), frame(15), frame(9), frame(15)]
        #expect(frames[0] == frames[1] && frames[0] == frames[3])
        #expect(frames.allSatisfy { ($0?.readableBytes ?? .max) < packet.frame.readableBytes / 10 })
        #expect(asked == [15, 9])
        #expect(frame(10, saves: false) == nil)
        #expect(frame(10) == nil)
        #expect(asked == [15, 9, 10])
    }

    @Test func `it has an offset from its publication on`() {
        let broadcast = self.event("say", "1")
        #expect(broadcast.offset == nil)
        let namespace = Namespace(name: "/chat", index: 0, parameters: [:], isDynamic: false, label: 0, shards: [])
        #expect(namespace.publish(BusItem(namespace: namespace, kind: .broadcast(broadcast))) == 1)
        #expect(broadcast.offset == 1)
        let next = self.event("say", "2")
        namespace.publish(BusItem(namespace: namespace, kind: .broadcast(next)))
        #expect(next.offset == 2)
    }
}

import JSONScanner
import NIOCore
import SocketIO

/// A packet copied out of the memory it points into, to be compared.
struct DecodedPacket: Hashable, Sendable {
    var kind: Packet.Kind
    var namespace = "/"
    var ackID: UInt64?
    var payload = ""
    var name: String?
    var arguments: String?
    var count = 0
    var attachments: [[UInt8]] = []
}

extension DecodedPacket {
    init(_ packet: borrowing Packet) {
        let array = packet.array
        self.init(kind: packet.kind, namespace: packet.namespaceName, ackID: packet.ackID)
        payload = String(decoding: packet.payload, as: UTF8.self)
        attachments = packet.attachments.map { Array($0.readableBytesView) }
        switch packet.kind {
        case .event:
            name = packet.eventName
            arguments = String(decoding: packet.arguments, as: UTF8.self)
            count = array.argumentCount
        case .ack:
            let range = packet.ackArguments
            arguments = String(decoding: UnsafeRawBufferPointer(rebasing: packet.payload[range]), as: UTF8.self)
            count = packet.ackArgumentCount
        case .connect, .disconnect: break
        }
    }
}

/// What came of one message or of several.
enum Outcome: Hashable, Sendable {
    case packet(DecodedPacket)
    case awaiting
    case refused(PacketError)
}

extension PacketDecoder {
    /// In memory of exactly the message's size, so that a sanitizer sees any read past the end.
    mutating func decode(_ text: some Sequence<UInt8>, mayAwaitAttachments: Bool = true) -> Outcome {
        let memory = Self.copy(text)
        defer { memory.deallocate() }
        do throws(PacketError) {
            let packet = try decode(text: UnsafeRawBufferPointer(memory), mayAwaitAttachments: mayAwaitAttachments)
            return packet.map { .packet(DecodedPacket($0)) } ?? .awaiting
        } catch {
            return .refused(error)
        }
    }

    mutating func decode(_ text: String) -> Outcome { decode(text.utf8) }

    mutating func decodeBinary(_ bytes: some Sequence<UInt8>) -> Outcome {
        let memory = Self.copy(bytes)
        defer { memory.deallocate() }
        do throws(PacketError) {
            let packet = try decode(binary: UnsafeRawBufferPointer(memory))
            return packet.map { .packet(DecodedPacket($0)) } ?? .awaiting
        } catch {
            return .refused(error)
        }
    }

    private static func copy(_ bytes: some Sequence<UInt8>) -> UnsafeMutableRawBufferPointer {
        let array = Array(bytes)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 1)
        memory.copyBytes(from: array)
        return memory
    }
}

/// What a fresh decoder makes of one text message.
func decode(_ text: String, limits: PacketDecoder.Limits = .init()) -> Outcome {
    var decoder = PacketDecoder(limits: limits)
    return decoder.decode(text)
}

func isRefused(_ outcome: Outcome) -> Bool {
    if case .refused = outcome { true } else { false }
}

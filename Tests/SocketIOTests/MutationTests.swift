import NIOCore
import Randomness
import SocketIO
import Testing

/// Random damage to valid packets: nothing traps, and whatever is accepted can be trusted further on.
@Suite struct MutationTests {
    private static let pieces: [[UInt8]] =
        [
            "0", "1", "2", "3", "4", "5", "6", "9", "-", "/", ",", "?", "[", "]", "{", "}", "\"", "\\", ":", "null",
            "1e9",
            "\\u0000", "99999999999999999999", "_placeholder", #"{"_placeholder":true,"num":0}"#, #"["connect"]"#,
            "[[[[[[[[",
            "é", " ", "\u{0}",
        ].map { Array($0.utf8) } + [[0xFF], [0xC3], [0xED, 0xA0, 0x80]]

    private func mutate(_ text: [UInt8], _ generator: inout SeededRandom) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 0...3, using: &generator) {
            let at = Int.random(in: 0...text.count, using: &generator)
            let piece = Self.pieces.randomElement(using: &generator) ?? []
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where at < text.count: text.remove(at: at)
            case 1 where at < text.count: text[at] = piece.first ?? 0
            case 2: text.removeSubrange(at..<min(text.count, at + Int.random(in: 0..<6, using: &generator)))
            default: text.insert(contentsOf: piece, at: at)
            }
        }
        return text
    }

    private func check(_ packet: DecodedPacket, _ note: Comment) {
        #expect(packet.namespace.hasPrefix("/") && packet.namespace.utf8.count <= 128, note)
        #expect(!packet.namespace.utf8.contains(UInt8(ascii: ",")), note)
        #expect((packet.ackID ?? 0) <= 1 << 53, note)
        #expect(packet.attachments.count <= 10, note)
        switch packet.kind {
        case .connect: #expect(packet.payload.isEmpty || packet.payload.hasPrefix("{"), note)
        case .disconnect: #expect(packet.payload.isEmpty, note)
        case .event: #expect(packet.name.map { !ReservedEventName.contains($0) } ?? false, note)
        case .ack: #expect(packet.ackID != nil, note)
        }
        guard packet.kind == .event || packet.kind == .ack, let arguments = packet.arguments else { return }

        // What is written from it is read as the same again.
        var buffer = ByteBuffer()
        if packet.kind == .ack {
            PacketEncoder.ack(
                namespace: packet.namespace, id: packet.ackID ?? 0, arguments: Array(arguments.utf8),
                attachmentCount: packet.attachments.count, into: &buffer)
        } else {
            PacketEncoder.event(
                namespace: packet.namespace, name: packet.name ?? "", arguments: Array(arguments.utf8),
                ackID: packet.ackID, attachmentCount: packet.attachments.count, into: &buffer)
        }
        var decoder = PacketDecoder(limits: .init(maxPacketBytes: 2_000_000))
        var outcome = decoder.decode(Array(buffer.readableBytesView))
        for attachment in packet.attachments { outcome = decoder.decodeBinary(attachment) }
        guard case .packet(let again) = outcome else {
            Issue.record("not read back: \(note)")
            return
        }
        #expect(again.kind == packet.kind && again.namespace == packet.namespace && again.ackID == packet.ackID, note)
        #expect(again.arguments == arguments && again.count == packet.count && again.name == packet.name, note)
        #expect(again.attachments == packet.attachments, note)
    }

    @Test func `100 000 mutated packets trap nothing and break no promise`() {
        let seed: UInt64 = 0x736F_636B
        var generator = SeededRandom(seed: seed)
        var decoder = PacketDecoder(limits: .init())
        var connections = NamespaceConnections()
        var accepted = 0
        var completed = 0
        for round in 0..<100_000 {
            guard let vector = PacketVectors.all.randomElement(using: &generator) else { return }
            let text = mutate(Array(vector.wire.utf8), &generator)
            var outcomes = [decoder.decode(text)]
            while decoder.isAwaitingAttachments {
                // Now and then something else than the awaited attachment.
                if Int.random(in: 0..<8, using: &generator) == 0 {
                    outcomes.append(decoder.decode(text))
                } else {
                    outcomes.append(decoder.decodeBinary(text))
                }
            }
            for case .packet(let packet) in outcomes {
                accepted += 1
                completed += packet.attachments.isEmpty ? 0 : 1
                check(packet, "seed \(seed), round \(round)")
                let namespace = Array(packet.namespace.utf8)
                namespace.withUnsafeBytes { raw in
                    switch packet.kind {
                    case .connect:
                        guard case .proceed(let index) = connections.receiveConnect(namespace: raw) else { return }
                        _ =
                            Bool.random(using: &generator)
                            ? connections.connectAccepted(index) : connections.connectRefused(index)
                    case .disconnect: _ = connections.receiveDisconnect(namespace: raw)
                    case .event, .ack: _ = connections.receivePacket(namespace: raw)
                    }
                }
                if round % 1_000 == 0 { connections = NamespaceConnections() }
            }
        }
        #expect(accepted > 20_000 && completed > 1_000)
    }
}

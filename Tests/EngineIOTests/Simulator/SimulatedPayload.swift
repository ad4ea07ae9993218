import EngineIO
import NIOCore

/// Payloads as the simulated network carries them: packets as text, `b` and base64 for binary, joined by 0x1e.
///
/// Those of protocol 3 are written and read in their own formats on the way.
enum SimulatedPayload {
    /// The payload of a binary packet.
    static func binary(_ data: String, _ revision: ProtocolRevision) -> String {
        revision == .three ? "\u{4}" + data : data
    }

    /// The body of a POST.
    static func encode(
        _ packets: [String], _ revision: ProtocolRevision, mayBeBytes: Bool
    ) -> (ByteBuffer, PayloadFormat) {
        guard revision == .three else {
            return (ByteBuffer(string: packets.joined(separator: "\u{1e}")), .separated)
        }
        let format: PayloadFormat = mayBeBytes && packets.contains { $0.first == "b" } ? .countedBytes : .counted
        var body = ByteBuffer()
        var writer = PayloadWriter(format, limit: .max)
        for packet in packets {
            let outbound: OutboundPacket =
                packet.first != "b"
                ? .text(packet)
                : format == .counted
                    ? .text("b4" + packet.dropFirst())
                    : .binary(Array(("\u{4}" + SimulatedClient.text(of: packet[...]).dropFirst()).utf8))
            _ = writer.write(outbound, into: &body)
        }
        return (body, format)
    }

    /// The answer to a poll.
    static func decode(_ payload: ByteBuffer, _ format: PayloadFormat, _ world: World) -> String {
        guard format != .separated else { return String(buffer: payload) }
        if format.isBinary { world.count("payloads of bytes") }
        var packets: [String] = []
        payload.withUnsafeReadableBytes { bytes in
            var reader = PayloadReader(bytes, format: format)
            do throws(PayloadError) {
                while let item = try reader.next() {
                    switch item {
                    case .packet(let type, let data):
                        packets.append(String(UnicodeScalar(type.rawValue)) + String(decoding: data, as: UTF8.self))
                    case .binary(let data):
                        var text = ByteBuffer(string: "b")
                        data.withUnsafeReadableBytes { Base64.encode($0, into: &text) }
                        packets.append(String(buffer: text))
                    }
                }
            } catch {
                world.fail("an answer cannot be read: \(error)")
            }
        }
        return packets.joined(separator: "\u{1e}")
    }
}

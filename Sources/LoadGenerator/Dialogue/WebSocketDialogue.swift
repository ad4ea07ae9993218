import Foundation
import WebSocketProtocol

/// A client over WebSocket: plain messages, or Socket.IO packets.
package final class WebSocketDialogue: Dialogue {
    private enum State { case opening, open, ended }

    /// The most bytes of one message; nothing that a benchmark sends is near it.
    private static let maxMessageBytes = 16 << 20

    private let plan: LoadPlan
    private let key: String
    private var state = State.opening
    private var packets: PacketReader?
    private var random: UInt32
    /// The start of something whose end has not come yet.
    private var leftover: [UInt8] = []
    private var fragments: [UInt8]?

    package init(plan: LoadPlan, random: UInt64) {
        self.plan = plan
        self.random = UInt32(truncatingIfNeeded: random) | 1
        self.key = Data(withUnsafeBytes(of: (random, ~random)) { Array($0) }).base64EncodedString()
        self.packets = plan.dialect == .socketIO ? PacketReader(namespace: plan.namespace) : nil
        super.init(lanes: 1)
    }

    package override func opened(lane: Int) {
        let own = self.packets == nil ? "" : "EIO=4&transport=websocket"
        let query = [self.plan.server.query, own].filter { !$0.isEmpty }.joined(separator: "&")
        let path = self.plan.server.path.isEmpty ? "/" : self.plan.server.path
        var head = "GET \(path)\(query.isEmpty ? "" : "?\(query)") HTTP/1.1\r\n"
        head += "Host: \(self.plan.server.authority)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(self.key)\r\n"
        for (name, value) in self.plan.headers { head += "\(name): \(value)\r\n" }
        self.output[0] += Array((head + "\r\n").utf8)
    }

    package override func receive(
        _ bytes: UnsafeRawBufferPointer, lane: Int, _ arrived: (Arrival) throws(LoadError) -> Void
    ) throws(LoadError) {
        guard self.leftover.isEmpty else {
            var all: [UInt8] = []
            swap(&all, &self.leftover)
            all.append(contentsOf: bytes)
            return try self.consume(all, arrived)
        }
        try self.consume(bytes, arrived)
    }

    private func consume(
        _ bytes: [UInt8], _ arrived: (Arrival) throws(LoadError) -> Void
    ) throws(LoadError) {
        var failure: LoadError?
        bytes.withUnsafeBytes { bytes in
            do throws(LoadError) { try self.consume(bytes, arrived) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func consume(
        _ bytes: UnsafeRawBufferPointer, _ arrived: (Arrival) throws(LoadError) -> Void
    ) throws(LoadError) {
        var rest = bytes
        if self.state == .opening {
            guard let end = try HTTPHead.end(of: rest) else { return self.keep(rest) }
            let head = HTTPHead(rest[..<end])
            guard head.status == 101 else { throw head.refusal(of: self.plan.server) }
            guard head["sec-websocket-accept"] == Handshake.accept(forKey: self.key) else {
                throw LoadError("a wrong Sec-WebSocket-Accept")
            }
            self.state = .open
            rest = UnsafeRawBufferPointer(rebasing: rest[end...])
            if self.packets == nil { try arrived(.ready) }
        }
        while self.state == .open, let frame = ServerFrame(rest) {
            guard frame.length <= Self.maxMessageBytes else { throw LoadError("a message of \(frame.length) bytes") }
            guard rest.count - frame.headerBytes >= frame.length else { break }
            let end = frame.headerBytes + frame.length
            try self.handle(frame, UnsafeRawBufferPointer(rebasing: rest[frame.headerBytes..<end]), arrived)
            rest = UnsafeRawBufferPointer(rebasing: rest[end...])
        }
        self.keep(rest)
    }

    private func keep(_ rest: UnsafeRawBufferPointer) {
        if !rest.isEmpty { self.leftover.append(contentsOf: rest) }
    }

    private func handle(
        _ frame: ServerFrame, _ payload: UnsafeRawBufferPointer, _ arrived: (Arrival) throws(LoadError) -> Void
    ) throws(LoadError) {
        switch frame.opcode {
        case .text where frame.isFinal && self.fragments == nil: try self.message(payload, arrived)
        case .text, .binary, .continuation:
            var message = self.fragments ?? []
            message.append(contentsOf: payload)
            guard message.count <= Self.maxMessageBytes else { throw LoadError("a message of \(message.count) bytes") }
            self.fragments = frame.isFinal ? nil : message
            guard frame.isFinal else { return }
            var failure: LoadError?
            message.withUnsafeBytes { message in
                do throws(LoadError) { try self.message(message, arrived) } catch { failure = error }
            }
            if let failure { throw failure }
        case .ping: self.write(.pong, payload)
        case .pong: break
        case .close:
            self.state = .ended
            let code = payload.count >= 2 ? "\(UInt16(payload[0]) << 8 | UInt16(payload[1]))" : "no code"
            throw LoadError("closed by the server (\(code))")
        }
    }

    private func message(
        _ bytes: UnsafeRawBufferPointer, _ arrived: (Arrival) throws(LoadError) -> Void
    ) throws(LoadError) {
        guard let meaning = try self.packets?.read(bytes) else { return try arrived(.message(bytes)) }
        switch meaning {
        case .opened: self.packets?.connect.withUnsafeBytes { self.write(.text, $0) }
        case .ready: try arrived(.ready)
        case .ping: "3".utf8.withContiguousStorageIfAvailable { self.write(.text, UnsafeRawBufferPointer($0)) }
        case .message(let packet): try arrived(.message(packet))
        case .nothing: break
        }
    }

    package override func send(_ message: UnsafeRawBufferPointer) {
        self.write(.text, message, type: self.packets == nil ? nil : UInt8(ascii: "4"))
    }

    package override func silence(within patience: Duration) -> LoadError {
        guard self.state == .open else { return super.silence(within: patience) }
        return LoadError(
            "no Socket.IO handshake within \(patience)",
            advice: "does it speak Socket.IO there, with this --namespace? Plain WebSocket is --protocol websocket")
    }

    package override func close() {
        guard self.state == .open else { return }
        self.state = .ended
        [UInt8]([0x03, 0xE8]).withUnsafeBytes { self.write(.close, $0) }
    }

    /// Appends a masked frame; `type` comes before the payload.
    private func write(_ opcode: Opcode, _ payload: UnsafeRawBufferPointer, type: UInt8? = nil) {
        let length = payload.count + (type == nil ? 0 : 1)
        self.random = self.random &* 1_664_525 &+ 1_013_904_223
        let key = self.random
        // Taken out while it grows: it has one owner then.
        var frame: [UInt8] = []
        swap(&frame, &self.output[0])
        frame.append(0x80 | opcode.rawValue)
        switch length {
        case ...125: frame.append(0x80 | UInt8(length))
        case ...0xFFFF:
            frame.append(0x80 | 126)
            withUnsafeBytes(of: UInt16(length).bigEndian) { frame.append(contentsOf: $0) }
        default:
            frame.append(0x80 | 127)
            withUnsafeBytes(of: UInt64(length).bigEndian) { frame.append(contentsOf: $0) }
        }
        withUnsafeBytes(of: key.littleEndian) { frame.append(contentsOf: $0) }
        let start = frame.count
        if let type { frame.append(type) }
        frame.append(contentsOf: payload)
        frame.withUnsafeMutableBytes {
            Masking.apply(key, to: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
        }
        swap(&frame, &self.output[0])
    }
}

/// The head of a frame of a server: never masked.
private struct ServerFrame {
    let opcode: Opcode
    let isFinal: Bool
    let headerBytes: Int
    let length: Int

    /// `nil` when it is not all there.
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 2 else { return nil }
        // What is not an opcode of ours is left to fall out as a close: benchmarks do not go on with such a server.
        self.opcode = Opcode(rawValue: bytes[0] & 0x0F) ?? .close
        self.isFinal = bytes[0] & 0x80 != 0
        switch bytes[1] & 0x7F {
        case 126:
            guard bytes.count >= 4 else { return nil }
            self.headerBytes = 4
            self.length = Int(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
        case 127:
            guard bytes.count >= 10 else { return nil }
            self.headerBytes = 10
            self.length = Int(clamping: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self)))
        case let short:
            self.headerBytes = 2
            self.length = Int(short)
        }
    }
}

/// What one client and the server say to each other, without the sockets: bytes of the server in, bytes for it out.
///
/// A dialogue may need more than one connection; each is a lane. A class, because whoever hears of an arrival answers at
/// once, by ``send(_:)``.
package class Dialogue {
    package enum Arrival {
        /// The client is in: in its namespace, with Socket.IO.
        case ready
        /// A message: a Socket.IO packet without its Engine.IO type, or what a plain WebSocket brought.
        ///
        /// Valid during the call.
        case message(UnsafeRawBufferPointer)
    }

    /// What is to be written, by lane; whoever writes it removes it.
    package final var output: [[UInt8]]

    init(lanes: Int) {
        self.output = Array(repeating: [], count: lanes)
    }

    package final var lanes: Int { self.output.count }

    /// The lane's connection stands.
    package func opened(lane: Int) {}

    /// Bytes from the server; throws when the dialogue is over.
    package func receive(
        _ bytes: UnsafeRawBufferPointer, lane: Int, _ arrived: (Arrival) throws(LoadError) -> Void
    ) throws(LoadError) {}

    /// Sends a text message; ready dialogues only.
    package func send(_ message: UnsafeRawBufferPointer) {}

    /// What it means that the client is not in after so long.
    package func silence(within patience: Duration) -> LoadError {
        LoadError("no answer within \(patience)", advice: "is the server overloaded, or is it another kind of server?")
    }

    /// Says goodbye, where the protocol has a word for it.
    package func close() {}
}

/// The packets of Engine.IO 4 and Socket.IO 5 as a client sees them, whatever transport carries them.
struct PacketReader {
    enum Meaning {
        case opened(sid: String)
        case ready
        case ping
        case message(UnsafeRawBufferPointer)
        case nothing
    }

    let namespace: String
    private var isReady = false

    init(namespace: String) {
        self.namespace = namespace
    }

    /// The CONNECT packet, with its Engine.IO type.
    var connect: [UInt8] { Array((self.namespace == "/" ? "40" : "40\(self.namespace),").utf8) }

    mutating func read(_ packet: UnsafeRawBufferPointer) throws(LoadError) -> Meaning {
        guard let type = packet.first else { throw LoadError("an empty packet") }
        switch type {
        case UInt8(ascii: "0"):
            guard let sid = Self.member("sid", of: packet) else { throw LoadError("a handshake without sid") }
            return .opened(sid: sid)
        case UInt8(ascii: "1"): throw LoadError("closed by the server")
        case UInt8(ascii: "2"): return .ping
        case UInt8(ascii: "4"):
            guard packet.count > 1 else { throw LoadError("an empty packet") }
            switch packet[1] {
            case UInt8(ascii: "0"):
                guard !self.isReady else { return .nothing }
                self.isReady = true
                return .ready
            case UInt8(ascii: "1"): throw LoadError("disconnected by the server")
            case UInt8(ascii: "4"):
                throw LoadError(
                    "refused: \(LoadError.quoted(String(decoding: packet.dropFirst(2).prefix(400), as: UTF8.self)))",
                    advice: "see --namespace and --header")
            default: return .message(UnsafeRawBufferPointer(rebasing: packet.dropFirst()))
            }
        default: return .nothing
        }
    }

    /// A string without escapes in a flat object; good enough for what a handshake says.
    private static func member(_ name: String, of packet: UnsafeRawBufferPointer) -> String? {
        let text = String(decoding: packet, as: UTF8.self)
        guard let start = text.range(of: "\"\(name)\":\"")?.upperBound, let end = text[start...].firstIndex(of: "\"")
        else { return nil }
        return String(text[start..<end])
    }
}

import Bus
import EngineIO
import NIOCore
import Routing
import Synchronization

/// One event, or one message without a name, on its way to the sockets that its target reaches.
///
/// Made by the publisher and shared by all shards. What it says never changes; how it is said is worked out for each
/// ``Dialect`` when its first receiver turns up, once for all of them.
final class Broadcast: Sendable {
    enum Content: Sendable {
        case event(Event)
        /// A message without a name, for clients that have no events.
        case message(MessageValue)
    }

    struct Event: Sendable {
        var name: String
        /// JSON values with commas between them, as they were written.
        var arguments: [UInt8]
        /// What the placeholders in ``arguments`` stand for.
        var attachments: [ByteBuffer]
        /// For an event whose receivers are to answer.
        var ackID: UInt64?
    }

    let target: Target
    /// The name of its namespace.
    let namespace: String
    let content: Content
    /// Dropped for a receiver that cannot take it right now.
    let volatile: Bool
    /// Whether HTTP responses and WebSocket messages that carry it may be compressed.
    let compress: Bool
    /// Collects what the receivers answer, for an event that asks for an ack.
    let collector: AckCollector?
    private let position = Atomic<UInt64>(0)
    /// The epoch of the log that has it, plus one; 0 when none has.
    private let epoch = Atomic<UInt64>(0)
    private let encodings = Mutex<[(dialect: Dialect, encoding: Encoding?)]>([])
    private let deflated = Mutex<[(part: DeflatedPart, frame: ByteBuffer?)]>([])

    private struct DeflatedPart: Equatable {
        var dialect: Dialect
        var part: Int
        var windowBits: Int
    }

    init(
        target: Target, namespace: String, content: Content, volatile: Bool = false, compress: Bool = true,
        collector: AckCollector? = nil
    ) {
        self.target = target
        self.namespace = namespace
        self.content = content
        self.volatile = volatile
        self.compress = compress
        self.collector = collector
    }

    var ackID: UInt64? {
        if case .event(let event) = self.content { event.ackID } else { nil }
    }

    /// Its place in the order of its namespace; `nil` before it was published.
    var offset: UInt64? {
        let offset = self.position.load(ordering: .relaxed)
        return offset == 0 ? nil : offset
    }

    /// Where a client that has seen it goes on; `nil` when it is not in the log of its namespace.
    var logged: Offset? {
        let epoch = self.epoch.load(ordering: .relaxed)
        guard epoch > 0, let epoch = Epoch(rawValue: epoch - 1) else { return nil }
        return Offset(epoch: epoch, sequence: self.position.load(ordering: .relaxed))
    }

    /// The number of ``logged``, for who knows the epoch.
    var loggedSequence: UInt64? {
        self.epoch.load(ordering: .relaxed) > 0 ? self.position.load(ordering: .relaxed) : nil
    }

    /// Called once by the sequencer, before any shard has it.
    ///
    /// `epoch`: of the log, if it is logged.
    func published(at offset: UInt64, epoch: Epoch?) {
        self.position.store(offset, ordering: .relaxed)
        if let epoch { self.epoch.store(epoch.rawValue + 1, ordering: .relaxed) }
    }

    /// Its last argument is a string, which stock clients that recover would take for an offset.
    var endsInString: Bool {
        guard case .event(let event) = self.content else { return false }
        let last = event.arguments.last { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return last == UInt8(ascii: "\"")
    }

    /// The dialect in which all clients of one read it; `nil` when each needs an offset of its own at its end.
    func dialect(for dialect: Dialect) -> Dialect? {
        guard dialect == .socketIORecoverable, self.loggedSequence == nil else { return dialect }
        return self.endsInString ? nil : .socketIO
    }

    /// What it says, whatever the dialect.
    var contentBytes: Int {
        switch self.content {
        case .event(let event):
            event.attachments.reduce(event.name.utf8.count + event.arguments.count) { $0 + $1.readableBytes }
        case .message(.text(let bytes)), .message(.binary(let bytes)):
            bytes.readableBytes
        }
    }

    /// What it counts for the limits of a log: its content, and once more in the words of a dialect.
    var logBytes: Int {
        if case .event = self.content { 2 * self.contentBytes } else { 0 }
    }

    /// How a dialect says it; `nil` when the dialect has no words for it.
    ///
    /// Encoded by whoever asks first; others that want it at the same moment wait for that.
    func encoding(_ dialect: Dialect) -> Encoding? {
        self.encodings.withLock { encodings in
            if let known = encodings.first(where: { $0.dialect == dialect }) { return known.encoding }
            let encoding = dialect.encode(self)
            encodings.append((dialect, encoding))
            return encoding
        }
    }

    /// One packet of an encoding (0: the first, then the attachments) as a compressed frame; `nil` when that saves nothing.
    ///
    /// Made by whoever asks first, with `body`; others that want it at the same moment wait for that.
    func deflated(
        _ packet: OutboundPacket, part: Int, of dialect: Dialect, windowBits: Int,
        _ body: (UnsafeRawBufferPointer) -> ByteBuffer?
    ) -> ByteBuffer? {
        let part = DeflatedPart(dialect: dialect, part: part, windowBits: windowBits)
        return self.deflated.withLock { deflated in
            if let known = deflated.first(where: { $0.part == part }) { return known.frame }
            let frame = packet.withPayload(body)
            deflated.append((part, frame))
            return frame
        }
    }
}

import Bus
import EngineIO
import NIOCore
import PlainEvents
import SocketIO

/// The words of one kind of client: all clients of a dialect get the same bytes.
enum Dialect: UInt8, Sendable {
    /// Socket.IO 5 on Engine.IO 4.
    case socketIO
    /// Socket.IO 5 for clients that can come back: each event ends with its offset.
    case socketIORecoverable
    /// Socket.IO 4 on Engine.IO 3, for events with attachments; others read the same in ``socketIO``.
    case socketIO4
    /// Engine.IO 4 without Socket.IO on it: messages, no events.
    case engineIO
    /// The same on Engine.IO 3, for binary messages; others read the same in ``engineIO``.
    case engineIO3
    /// WebSocket without anything on it: messages, no events.
    case rawWebSocket
    /// Events as JSON objects, of plain WebSockets and long-polling.
    case json
    /// The same for clients that cannot come back at the moment: what has an offset otherwise says that there is none.
    case jsonWithoutOffset
    /// Server-sent events.
    case eventStream
    /// The same for clients that cannot come back at the moment.
    case eventStreamWithoutOffset
}

/// A broadcast in one dialect.
struct Encoding: Sendable {
    var first: OutboundPacket
    /// The attachments of a Socket.IO event, which follow in messages of their own.
    var attachments: [OutboundPacket] = []
}

extension Encoding {
    /// An event as Socket.IO says it.
    init(
        _ event: Broadcast.Event, namespace: String, offset: Offset? = nil, revision: EngineIO.ProtocolRevision = .four
    ) {
        self.init(
            first: .event(event, namespace: namespace, offset: offset),
            attachments: event.attachments.map { .binary($0, for: revision) })
    }
}

extension Dialect {
    /// The dialect in which a client of Socket.IO 4 or 5 reads a broadcast.
    static func socketIO(_ revision: SocketIO.ProtocolRevision, for broadcast: Broadcast) -> Dialect {
        guard revision == .four, case .event(let event) = broadcast.content, !event.attachments.isEmpty else {
            return .socketIO
        }
        return .socketIO4
    }

    /// The dialect in which a client of Engine.IO 3 or 4 reads a broadcast.
    static func engineIO(_ revision: EngineIO.ProtocolRevision, for broadcast: Broadcast) -> Dialect {
        guard revision == .three, case .message(.binary) = broadcast.content else { return .engineIO }
        return .engineIO3
    }

    /// `nil` when the dialect has no words for the broadcast, or would need more of them than plain clients are sent.
    func encode(_ broadcast: Broadcast) -> Encoding? {
        switch (self, broadcast.content) {
        case (.socketIO, .event(let event)):
            Encoding(event, namespace: broadcast.namespace)
        case (.socketIORecoverable, .event(let event)):
            Encoding(event, namespace: broadcast.namespace, offset: broadcast.logged)
        case (.socketIO4, .event(let event)):
            Encoding(event, namespace: broadcast.namespace, revision: .three)
        case (.engineIO, .message(.text(let text))), (.engineIO3, .message(.text(let text))):
            Encoding(first: .message(reserving: text.readableBytes) { $0.writeImmutableBuffer(text) })
        case (.engineIO, .message(.binary(let bytes))):
            Encoding(first: .binary(bytes))
        case (.engineIO3, .message(.binary(let bytes))):
            Encoding(first: .binary(bytes, for: .three))
        case (.rawWebSocket, .message(.text(let text))):
            Encoding(first: .framed(reserving: text.readableBytes) { $0.writeImmutableBuffer(text) })
        case (.rawWebSocket, .message(.binary(let bytes))):
            Encoding(first: .binary(bytes))
        case (.json, .event(let event)):
            OutboundPacket.json(event, offset: broadcast.logged?.text).map { Encoding(first: $0) }
        case (.jsonWithoutOffset, .event(let event)):
            OutboundPacket.json(event, offset: broadcast.logged.map { _ in PlainEncoder.noOffset })
                .map { Encoding(first: $0) }
        case (.eventStream, .event(let event)):
            OutboundPacket.eventStream(event, offset: broadcast.logged?.text).map { Encoding(first: $0) }
        case (.eventStreamWithoutOffset, .event(let event)):
            OutboundPacket.eventStream(event, offset: broadcast.logged.map { _ in PlainEncoder.noOffset })
                .map { Encoding(first: $0) }
        case (.socketIO, .message), (.socketIORecoverable, .message), (.socketIO4, .message), (.engineIO, .event),
            (.engineIO3, .event), (.rawWebSocket, .event), (.json, .message), (.jsonWithoutOffset, .message),
            (.eventStream, .message), (.eventStreamWithoutOffset, .message):
            nil
        }
    }
}

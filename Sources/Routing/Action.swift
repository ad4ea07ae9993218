package import Bus
package import struct NIOCore.ByteBuffer

/// Something that a handler's answer, a route or the admin API asks for.
///
/// The closed set of the handler contract.
package enum Action: Sendable {
    case emit(Emit)
    case send(Send)
    case join(rooms: [String], Recipient)
    case leave(rooms: [String], Recipient)
    /// The namespace is left for good; with `close` the whole connection is closed as well.
    case disconnect(Recipient, close: Bool, reason: String?)
    /// The transport is closed: clients come back by themselves.
    case kick(Recipient, reason: String?)
    /// Changes the state of sockets: first `unset`, then `set`, whose values are JSON as it was written.
    case state(set: [(key: String, json: [UInt8])], unset: [String], Recipient)
    /// The authorization of the socket itself lasts until a Unix time in seconds, or for this long from now.
    case refresh(expiresAt: Int?, ttlSeconds: Double?)
    /// The authorization of the socket itself lasts as long as this token says, which is verified first.
    case renew(token: String)
}

/// Whom an action is for.
package enum Recipient: Hashable, Sendable {
    /// The socket whose event is handled.
    case me
    /// Everyone in the namespace but that socket. The namespace is the socket's own when nil.
    case others(namespace: String?)
    /// The namespace is the socket's own when nil; `/` in the admin API.
    case target(Target, namespace: String?)
}

/// An event for Socket.IO and plain JSON clients.
package struct Emit: Hashable, Sendable {
    package var to: Recipient
    package var event: String
    /// JSON values with commas between them, as they were written: there may be whitespace between, also line breaks.
    ///
    /// Placeholders are numbers of `attachments`, each of which is named.
    package var arguments: [UInt8]
    package var attachments: [ByteBuffer]
    package var volatile: Bool
    package var compress: Bool
    /// Repeats within five minutes are dropped.
    package var id: String?

    package init(
        to: Recipient, event: String, arguments: [UInt8] = [], attachments: [ByteBuffer] = [], volatile: Bool = false,
        compress: Bool = true, id: String? = nil
    ) {
        self.to = to
        self.event = event
        self.arguments = arguments
        self.attachments = attachments
        self.volatile = volatile
        self.compress = compress
        self.id = id
    }
}

/// A message without a name, for raw WebSocket clients.
package struct Send: Hashable, Sendable {
    package var to: Recipient
    package var payload: MessageValue

    package init(to: Recipient, payload: MessageValue) {
        self.to = to
        self.payload = payload
    }
}

extension Action: Equatable {
    package static func == (left: Action, right: Action) -> Bool {
        switch (left, right) {
        case (.emit(let a), .emit(let b)): a == b
        case (.send(let a), .send(let b)): a == b
        case (.join(let a, let to), .join(let b, let other)): a == b && to == other
        case (.leave(let a, let to), .leave(let b, let other)): a == b && to == other
        case (.disconnect(let a, let close, let reason), .disconnect(let b, let otherClose, let otherReason)):
            a == b && close == otherClose && reason == otherReason
        case (.kick(let a, let reason), .kick(let b, let otherReason)): a == b && reason == otherReason
        case (.state(let set, let unset, let to), .state(let otherSet, let otherUnset, let other)):
            set.elementsEqual(otherSet) { $0.key == $1.key && $0.json == $1.json } && unset == otherUnset && to == other
        case (.refresh(let time, let ttl), .refresh(let otherTime, let otherTTL)): time == otherTime && ttl == otherTTL
        case (.renew(let token), .renew(let other)): token == other
        default: false
        }
    }
}

extension Action {
    /// Whom it is for; nil when it is about the socket itself.
    package var recipient: Recipient? {
        switch self {
        case .emit(let emit): emit.to
        case .send(let send): send.to
        case .join(_, let recipient), .leave(_, let recipient), .disconnect(let recipient, _, _),
            .kick(let recipient, _), .state(_, _, let recipient):
            recipient
        case .refresh, .renew: nil
        }
    }
}

extension Recipient {
    /// The namespace that it names; nil when that is the socket's own.
    package var namespace: String? {
        switch self {
        case .me: nil
        case .others(let namespace), .target(_, let namespace): namespace
        }
    }
}

import NIOCore
import PlainEvents

/// What cannot be told because it would be too large: with its attachments put in, a small event can become a huge one.
extension PlainClient {
    /// What it is sent of a broadcast; one that would be too large is counted.
    func entry(
        _ dialect: Dialect, of broadcast: Broadcast, _ form: inout SharedForm, deflate: StreamDeflate.Kind? = nil
    ) -> SharedForm.Entry? {
        if let entry = form.entry(dialect, deflate: deflate) { return entry }
        if dialect.hasEvents { self.couldNotBeTold(broadcast) }
        return nil
    }

    /// Counts an event for which the words of these clients are too many; there are none for messages.
    func couldNotBeTold(_ broadcast: Broadcast) {
        if case .event = broadcast.content { self.shard.counters.dropped(.size) }
    }

    /// The arguments of an ack; an ack that would be too large is counted.
    func answer(_ arguments: ByteBuffer, _ attachments: [ByteBuffer]) -> PlainArguments? {
        let answer = PlainArguments(arguments, attachments: attachments)
        if answer == nil { self.shard.counters.dropped(.size) }
        return answer
    }
}

extension Dialect {
    /// Whether plain clients that speak it are told events, not only messages.
    fileprivate var hasEvents: Bool {
        switch self {
        case .json, .jsonWithoutOffset, .eventStream, .eventStreamWithoutOffset: true
        case .socketIO, .socketIORecoverable, .socketIO4, .engineIO, .engineIO3, .rawWebSocket: false
        }
    }
}

import Bus
import NIOCore

/// Writes a ``Checkpoint`` as bytes: lengths before texts, numbers in eight bytes, nothing that needs to be looked for.
///
/// ``CheckpointReader`` reads it in the same order.
struct CheckpointWriter {
    private(set) var buffer = ByteBuffer()

    init(_ checkpoint: Checkpoint) {
        self.write(checkpoint.logs) { writer, entry in writer.log(entry.name, entry.log) }
        self.write(checkpoint.sessions) { writer, session in writer.session(session) }
    }

    private mutating func log(_ name: String, _ log: NamespaceLog) {
        self.write(name)
        self.write(log.epoch.rawValue)
        self.write(log.head)
        self.write(log.history.floor)
        let now = ContinuousClock.now
        // Requests are over with the process that asked.
        let entries = log.history.entries(after: 0, limit: .max).filter { !$0.asksAck }
        self.write(entries) { writer, entry in
            writer.write(entry.sequence)
            writer.write(entry.time.duration(to: now))
            writer.write(entry.target)
            writer.write(entry.content)
        }
        self.write(log.history.spoilt.all) { writer, span in
            writer.write(span.user)
            writer.write(span.positions.lowerBound)
            writer.write(span.positions.upperBound)
        }
    }

    private mutating func session(_ session: Checkpoint.Session) {
        self.write(session.pid)
        self.write(session.endpoint)
        self.write(session.namespace)
        self.write(session.record)
        self.write(session.state) { writer, entry in
            writer.write(entry.key)
            writer.write(entry.json)
        }
        self.write(session.tokenUser)
        self.write(session.window)
        self.write(session.away)
        self.write(session.reason.rawValue)
        self.write(session.forgetsNamespace)
        let visit = session.visit
        self.write(visit.publicID)
        self.write(visit.protocolName)
        self.write(visit.transport)
        self.write(visit.connectedAtMilliseconds)
        self.write(visit.leftAtMilliseconds)
        let handshake = visit.handshake
        self.write(handshake.remoteIP)
        self.write(handshake.isTLS)
        self.write(handshake.origin)
        self.write(handshake.query) { $0.write($1.name, $1.value) }
        self.write(handshake.headers) { $0.write($1.name, $1.value) }
        self.write(handshake.connectedAtMilliseconds)
    }

    private mutating func write(_ record: SessionRecord) {
        self.write(record.socketID)
        self.write(record.user)
        self.write(record.since)
        self.write(record.position)
        self.write(record.sent)
        self.write(record.stays.joined) { writer, stay in
            writer.write(stay.room)
            writer.write(stay.at)
        }
        self.write(record.stays.left) { writer, stay in
            writer.write(stay.room)
            writer.write(stay.from)
            writer.write(stay.to)
        }
        self.write(record.stays.forgotten)
    }

    private mutating func write(_ target: Target) {
        for names in [
            target.rooms, target.users, target.sockets, target.except.rooms, target.except.users,
            target.except.sockets,
        ] { self.write(names) { $0.write($1) } }
        self.write(target.all)
        self.write(target.local)
    }

    private mutating func write(_ content: HistoryEntry<Broadcast>.Content) {
        switch content {
        case .event(let broadcast, _):
            guard case .event(let event) = broadcast.content else { return }
            self.write("event")
            self.write(event.name)
            self.write(event.arguments)
            self.write(event.attachments) { $0.write(Array($1.readableBytesView)) }
            self.write(broadcast.compress)
        case .change(.join(let rooms)):
            self.write("join")
            self.write(rooms) { $0.write($1) }
        case .change(.leave(let rooms)):
            self.write("leave")
            self.write(rooms) { $0.write($1) }
        case .change(.state(let set, let unset)):
            self.write("state")
            self.write(set) { writer, entry in
                writer.write(entry.key)
                writer.write(entry.json)
            }
            self.write(unset) { $0.write($1) }
        case .change(.end):
            self.write("end")
        }
    }

    // MARK: - Pieces

    private mutating func write<Item>(_ items: [Item], _ body: (inout CheckpointWriter, Item) -> Void) {
        self.write(UInt64(items.count))
        for item in items { body(&self, item) }
    }

    private mutating func write(_ number: some FixedWidthInteger) {
        self.buffer.writeInteger(UInt64(truncatingIfNeeded: number))
    }

    private mutating func write(_ flag: Bool) { self.buffer.writeInteger(UInt8(flag ? 1 : 0)) }

    private mutating func write(_ bytes: [UInt8]) {
        self.write(bytes.count)
        self.buffer.writeBytes(bytes)
    }

    private mutating func write(_ text: String) { self.write(Array(text.utf8)) }

    private mutating func write(_ first: String, _ second: String) {
        self.write(first)
        self.write(second)
    }

    private mutating func write(_ text: String?) {
        self.write(text != nil)
        if let text { self.write(text) }
    }

    private mutating func write(_ duration: Duration) { self.write(Int64(duration / .milliseconds(1))) }
}

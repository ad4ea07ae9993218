import Bus
import HandlerContract
import NIOCore

/// Reads what ``CheckpointWriter`` has written; throws at the first thing that cannot be true.
///
/// The file has a checksum, so what it meets here was written by a gateway; it is checked all the same, because
/// nothing in a file may end the process.
struct CheckpointReader {
    struct Failure: Error {}

    private var buffer: ByteBuffer
    private let limits: HistoryLimits
    private let now: ContinuousClock.Instant

    static func read(_ buffer: ByteBuffer, limits: HistoryLimits) throws(Failure) -> Checkpoint {
        var reader = CheckpointReader(buffer: buffer, limits: limits, now: .now)
        let logs = try reader.list { (reader) throws(Failure) in try reader.log() }
        let sessions = try reader.list { (reader) throws(Failure) in try reader.session() }
        guard reader.buffer.readableBytes == 0 else { throw Failure() }
        return Checkpoint(logs: logs, sessions: sessions)
    }

    private mutating func log() throws(Failure) -> (name: String, log: NamespaceLog) {
        let name = try self.text()
        guard let epoch = Epoch(rawValue: try self.number()) else { throw Failure() }
        let head = try self.number()
        let floor = try self.number()
        guard head < .max / 2, floor <= head else { throw Failure() }
        var history = History<Broadcast>(limits: self.limits, floor: floor)
        var last = floor
        for _ in 0..<(try self.count()) {
            let sequence = try self.number()
            guard sequence > last, sequence <= head else { throw Failure() }
            last = sequence
            let time = self.now - (try self.duration())
            let target = try self.target()
            let (content, bytes) = try self.content(name, epoch, sequence, target)
            history.append(content, for: target, bytes: bytes, sequence: sequence, now: time)
        }
        for _ in 0..<(try self.count()) {
            let user = try self.optionalText()
            let (lower, upper) = (try self.number(), try self.number())
            guard lower <= upper, upper <= head else { throw Failure() }
            history.spoil(.init(user: user, positions: lower...upper))
        }
        history.prune(now: self.now)
        return (name, NamespaceLog(epoch: epoch, head: head, history: history))
    }

    private mutating func content(
        _ namespace: String, _ epoch: Epoch, _ sequence: UInt64, _ target: Target
    ) throws(Failure) -> (HistoryEntry<Broadcast>.Content, bytes: Int) {
        switch try self.text() {
        case "event":
            let event = Broadcast.Event(
                name: try self.text(), arguments: try self.bytes(),
                attachments: try self.list { (reader) throws(Failure) in ByteBuffer(bytes: try reader.bytes()) })
            let broadcast = Broadcast(
                target: target, namespace: namespace, content: .event(event), compress: try self.flag())
            broadcast.published(at: sequence, epoch: epoch)
            return (.event(broadcast, asksAck: false), broadcast.logBytes)
        case "join":
            let rooms = try self.texts()
            return (.change(.join(rooms: rooms)), rooms.reduce(0) { $0 + $1.utf8.count })
        case "leave":
            let rooms = try self.texts()
            return (.change(.leave(rooms: rooms)), rooms.reduce(0) { $0 + $1.utf8.count })
        case "state":
            let set = try self.entries()
            let unset = try self.texts()
            let bytes = set.reduce(0) { $0 + $1.key.utf8.count + $1.json.count }
            return (.change(.state(set: set, unset: unset)), unset.reduce(bytes) { $0 + $1.utf8.count })
        case "end":
            return (.change(.end), 0)
        default:
            throw Failure()
        }
    }

    private mutating func target() throws(Failure) -> Target {
        var target = Target(rooms: try self.texts(), users: try self.texts(), sockets: try self.texts())
        target.except = Exclusion(rooms: try self.texts(), users: try self.texts(), sockets: try self.texts())
        target.all = try self.flag()
        target.local = try self.flag()
        return target
    }

    private mutating func session() throws(Failure) -> Checkpoint.Session {
        Checkpoint.Session(
            pid: try self.text(), endpoint: try self.text(), namespace: try self.text(), record: try self.record(),
            state: try self.entries(), tokenUser: try self.optionalText(), window: try self.duration(),
            away: try self.duration(), reason: try self.reason(), forgetsNamespace: try self.flag(),
            visit: try self.visit())
    }

    private mutating func reason() throws(Failure) -> DisconnectReason {
        guard let reason = DisconnectReason(rawValue: try self.text()) else { throw Failure() }
        return reason
    }

    private mutating func visit() throws(Failure) -> AbsentSession.Visit {
        let publicID = try self.text()
        let protocolName = try self.text()
        let transport = try self.text()
        let connectedAt = try self.milliseconds()
        let leftAt = try self.milliseconds()
        let handshake = ClientHandshake(
            remoteIP: try self.text(), isTLS: try self.flag(), origin: try self.optionalText(),
            query: try self.pairs(), headers: try self.pairs(), token: .success(nil),
            connectedAtMilliseconds: try self.milliseconds())
        return .init(
            publicID: publicID, protocolName: protocolName, transport: transport, handshake: handshake,
            connectedAtMilliseconds: connectedAt, leftAtMilliseconds: leftAt)
    }

    private mutating func record() throws(Failure) -> SessionRecord {
        let socketID = try self.text()
        let user = try self.optionalText()
        let (since, position, sent) = (try self.number(), try self.number(), try self.number())
        let joined = try self.list { (reader) throws(Failure) in (room: try reader.text(), at: try reader.number()) }
        let left = try self.list { (reader) throws(Failure) in
            (room: try reader.text(), from: try reader.number(), to: try reader.number())
        }
        return SessionRecord(
            socketID: socketID, user: user, since: since, position: position, sent: sent,
            stays: RoomStays(joined: joined, left: left, forgotten: try self.number()))
    }

    // MARK: - Pieces

    /// A number of things that follow, each at least a byte.
    private mutating func count() throws(Failure) -> Int {
        guard let count = Int(exactly: try self.number()), count <= self.buffer.readableBytes else { throw Failure() }
        return count
    }

    private mutating func list<Item>(
        _ item: (inout CheckpointReader) throws(Failure) -> Item
    ) throws(Failure) -> [Item] {
        var items: [Item] = []
        for _ in 0..<(try self.count()) { items.append(try item(&self)) }
        return items
    }

    private mutating func number() throws(Failure) -> UInt64 {
        guard let number = self.buffer.readInteger(as: UInt64.self) else { throw Failure() }
        return number
    }

    private mutating func milliseconds() throws(Failure) -> Int64 { Int64(bitPattern: try self.number()) }

    private mutating func duration() throws(Failure) -> Duration {
        let milliseconds = try self.milliseconds()
        // A thousand years: what is longer would not be understood by the clocks.
        guard (0...31_536_000_000_000).contains(milliseconds) else { throw Failure() }
        return .milliseconds(milliseconds)
    }

    private mutating func flag() throws(Failure) -> Bool {
        guard let byte = self.buffer.readInteger(as: UInt8.self), byte < 2 else { throw Failure() }
        return byte == 1
    }

    private mutating func bytes() throws(Failure) -> [UInt8] {
        let count = try self.count()
        guard let bytes = self.buffer.readBytes(length: count) else { throw Failure() }
        return bytes
    }

    private mutating func text() throws(Failure) -> String {
        guard let text = String(validating: try self.bytes(), as: UTF8.self) else { throw Failure() }
        return text
    }

    private mutating func optionalText() throws(Failure) -> String? { try self.flag() ? try self.text() : nil }

    private mutating func texts() throws(Failure) -> [String] {
        try self.list { (reader) throws(Failure) in try reader.text() }
    }

    private mutating func pairs() throws(Failure) -> [(name: String, value: String)] {
        try self.list { (reader) throws(Failure) in (name: try reader.text(), value: try reader.text()) }
    }

    private mutating func entries() throws(Failure) -> [(key: String, json: [UInt8])] {
        try self.list { (reader) throws(Failure) in (key: try reader.text(), json: try reader.bytes()) }
    }
}

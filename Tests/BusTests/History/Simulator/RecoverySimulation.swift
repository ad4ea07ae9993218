import Randomness
@testable import Bus

/// One namespace with a log, shards that lag behind it, and clients whose connections break at any moment.
///
/// Everything that happens follows from the seed.
struct RecoverySimulation {
    struct Tally {
        var recovered = 0
        var replayed = 0
        var tookOver = 0
        var askedAgain = 0
        var refused: [RecoveryRefusal: Int] = [:]

        mutating func add(_ other: Tally) {
            recovered += other.recovered
            replayed += other.replayed
            tookOver += other.tookOver
            askedAgain += other.askedAgain
            refused.merge(other.refused, uniquingKeysWith: +)
        }
    }

    static let start = ContinuousClock.now
    private static let rooms = ["a", "b", "c"]
    private static let clients = 3

    private var random: SeededRandom
    private var history: History<Int>
    private var sequence = NamespaceSequence()
    private var time = Self.start
    private var items: [SimulatedItem] = []
    private var inboxes: [[SimulatedItem]] = [[], []]
    private var positions: [UInt64] = [0, 0]
    private var sessions: [SimulatedSession] = []
    private var nextID = 0
    private(set) var tally = Tally()
    /// What went wrong first; nil when nothing did.
    private(set) var failure: String?

    init(seed: UInt64, limits: HistoryLimits) {
        random = SeededRandom(seed: seed)
        history = History(limits: limits)
        for client in 0..<Self.clients { sessions.append(newSession(client)) }
    }

    mutating func run(steps: Int) {
        for step in 0..<steps where failure == nil {
            time += .milliseconds(10)
            let client = Int.random(in: 0..<Self.clients, using: &random)
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<40: publish()
            case 40..<55: drain(Int.random(in: 0..<2, using: &random))
            case 55..<75: read(client)
            case 75..<83: changeRooms(of: client)
            case 83..<88: sessions[client].isCut = true
            case 88..<91: lose(client)
            default: if sessions[client].isCut { comeBack(client) }
            }
            if step % 40 == 0, !history.invariants() { failure = "the history disagrees with itself" }
        }
        quiesce()
    }

    private func chance(_ percent: Int, _ random: inout SeededRandom) -> Bool {
        Int.random(in: 0..<100, using: &random) < percent
    }

    // MARK: - The bus

    private mutating func publish() {
        let target = target()
        let kind: SimulatedItem.Kind
        switch Int.random(in: 0..<20, using: &random) {
        case 0: kind = .change(.join(rooms: [Self.rooms.randomElement(using: &random)!]))
        case 1: kind = .change(.leave(rooms: [Self.rooms.randomElement(using: &random)!]))
        case 2: kind = .change(.state(set: [("k", [])], unset: []))
        case 3 where chance(20, &random): kind = .change(.end)
        case 4...6: kind = .event(isLogged: true, asksAck: true)
        case 7: kind = .event(isLogged: false, asksAck: false)
        default: kind = .event(isLogged: true, asksAck: false)
        }
        publish(kind, target)
    }

    private mutating func publish(_ kind: SimulatedItem.Kind, _ target: Target) {
        let item = SimulatedItem(sequence: sequence.next(), target: target, kind: kind)
        items.append(item)
        for shard in inboxes.indices { inboxes[shard].append(item) }
        let content: HistoryEntry<Int>.Content
        switch kind {
        case .event(true, let asksAck): content = .event(Int(item.sequence), asksAck: asksAck)
        case .change(let change): content = .change(change)
        default: return
        }
        history.append(content, for: target, bytes: 100, sequence: item.sequence, now: time)
    }

    private mutating func target() -> Target {
        var target = Target()
        switch Int.random(in: 0..<8, using: &random) {
        case 0: target.all = true
        case 1: target.sockets = [sessions.randomElement(using: &random)!.record.socketID]
        case 2: target.users = ["u\(Int.random(in: 0..<Self.clients, using: &random))"]
        case 3: target.rooms = [sessions.randomElement(using: &random)!.record.socketID, "a"]
        default: target.rooms = Array(Self.rooms.shuffled(using: &random).prefix(.random(in: 1...2, using: &random)))
        }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: target.except.sockets = [sessions.randomElement(using: &random)!.record.socketID]
        case 1: target.except.rooms = [Self.rooms.randomElement(using: &random)!]
        case 2: target.except.users = ["u0"]
        default: break
        }
        return target
    }

    /// A shard applies what has come for it; now and then a connection breaks in the middle of an item.
    private mutating func drain(_ shard: Int) {
        let batch = inboxes[shard]
        inboxes[shard] = []
        for item in batch {
            for client in sessions.indices where sessions[client].shard == shard {
                if case .entry(client, let recovery) = item.kind { enter(client, recovery) }
                guard sessions[client].isConnected, !sessions[client].isEntering else { continue }
                // While an item is being applied it does not count as applied.
                if chance(2, &random) { detach(client, position: item.sequence - 1) }
                apply(item, to: client)
                // Events break connections, being too much for them; changes do not.
                guard case .event = item.kind, chance(2, &random) else { continue }
                detach(client, position: item.sequence - 1)
            }
            positions[shard] = item.sequence
        }
    }

    private mutating func apply(_ item: SimulatedItem, to client: Int) {
        guard sessions[client].isConnected, sessions[client].record.isReached(by: item.target, at: item.sequence) else {
            return
        }
        switch item.kind {
        case .event(let isLogged, let asksAck):
            if isLogged { sessions[client].send(item.sequence, asksAck: asksAck) }
        case .change(.end): sessions[client] = newSession(client)
        case .change(let change): sessions[client].apply(change, at: item.sequence)
        case .entry: break
        }
    }

    // MARK: - Clients

    private mutating func newSession(_ client: Int) -> SimulatedSession {
        nextID += 1
        let shard = Int.random(in: 0..<2, using: &random)
        // Called while a shard is applying its items, too: everything up to here is settled then.
        return SimulatedSession(
            id: "s\(nextID)", user: "u\(client)", shard: shard, since: max(positions[shard], sequence.last))
    }

    private mutating func read(_ client: Int) {
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            guard let wire = sessions[client].readNext() else { return }
            // Its answer may be lost, or late.
            guard wire.asksAck, chance(60, &random) else { continue }
            sessions[client].record.unanswered.removeAll { $0 == wire.sequence }
            sessions[client].answered.insert(wire.sequence)
        }
    }

    private mutating func changeRooms(of client: Int) {
        guard sessions[client].isConnected, !sessions[client].isEntering else { return }
        drain(sessions[client].shard)
        guard sessions[client].isConnected, !sessions[client].isEntering else { return }
        let position = positions[sessions[client].shard]
        let room = Self.rooms.randomElement(using: &random)!
        if chance(65, &random) {
            sessions[client].join(room, at: max(position, sessions[client].record.since))
        } else {
            sessions[client].leave(room, at: max(position, sessions[client].record.since))
        }
    }

    /// The server notices that a connection is gone.
    private mutating func lose(_ client: Int) {
        guard sessions[client].isConnected, !sessions[client].isEntering else { return }
        sessions[client].isCut = true
        let shard = sessions[client].shard
        drain(shard)
        // Nothing can be under way to a shard that has applied all there is.
        if sessions[client].isConnected, !sessions[client].isEntering {
            detach(client, position: chance(50, &random) ? sequence.last : positions[shard])
        }
    }

    private mutating func detach(_ client: Int, position: UInt64) {
        guard sessions[client].isConnected, !sessions[client].isEntering else { return }
        sessions[client].isCut = true
        sessions[client].isConnected = false
        sessions[client].record.position = max(position, sessions[client].record.since)
    }

    private mutating func comeBack(_ client: Int) {
        guard !sessions[client].isEntering else { return }
        if sessions[client].isConnected {
            tally.tookOver += 1
            lose(client)
            guard !sessions[client].isConnected else { return }
        }
        var claim = sessions[client].lastOffset
        if chance(3, &random) { claim = sequence.last + .random(in: 1...3, using: &random) }
        do throws(RecoveryRefusal) {
            let found = try history.recover(
                sessions[client].record, from: claim, head: sequence.last, maxRooms: 1_000)
            tally.recovered += 1
            tally.replayed += found.events.count
            sessions[client].isEntering = true
            sessions[client].shard = Int.random(in: 0..<2, using: &random)
            let item = SimulatedItem(
                sequence: sequence.next(), target: Target(), kind: .entry(client: client, found))
            items.append(item)
            inboxes[sessions[client].shard].append(item)
        } catch {
            tally.refused[error, default: 0] += 1
            sessions[client] = newSession(client)
        }
    }

    /// The item that lets a recovered client in has come up in its shard's order.
    private mutating func enter(_ client: Int, _ recovery: Recovery<Int>) {
        sessions[client].isEntering = false
        sessions[client].isConnected = true
        sessions[client].isCut = false
        sessions[client].pipe = []
        sessions[client].record = recovery.record
        sessions[client].stateChanges += recovery.stateChanges.count
        for entry in recovery.events {
            if entry.asksAck, sessions[client].answered.contains(entry.sequence) {
                failure = "request \(entry.sequence) was answered and is asked again"
            }
            if entry.asksAck, sessions[client].received.contains(entry.sequence) {
                sessions[client].askedAgain += 1
                tally.askedAgain += 1
            }
            sessions[client].send(entry.sequence, asksAck: entry.asksAck)
        }
    }

    // MARK: - The account

    /// Everything arrives; then who is connected must have all that was for it.
    private mutating func quiesce() {
        for shard in inboxes.indices { drain(shard) }
        for client in sessions.indices where failure == nil {
            while sessions[client].readNext() != nil {}
            let session = sessions[client]
            guard session.isConnected, !session.isEntering, !session.isCut else { continue }
            let account = NaiveAccount(of: session, in: items)
            let events = session.received.filter { !account.requests.contains($0) }
            let requests = session.received.filter { account.requests.contains($0) }
            if account.isEnded {
                failure = "\(session.record.socketID) was disconnected and lives on"
            } else if events != account.events {
                failure = "\(session.record.socketID) got \(events) instead of \(account.events)"
            } else if Set(requests) != account.requests {
                failure = "\(session.record.socketID) was asked \(requests) instead of \(account.requests)"
            } else if requests.count - Set(requests).count > session.askedAgain {
                failure = "\(session.record.socketID) was asked twice without need: \(requests)"
            } else if session.stateChanges != account.stateChanges {
                failure = "\(session.record.socketID) has another state"
            }
        }
    }
}

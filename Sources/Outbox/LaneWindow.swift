internal import Bus

/// Decides which undelivered events of one handler are in memory: of each lane the first ones, and no lane crowds out
/// the others.
///
/// Lanes are one only when their names are the same bytes, as the file compares them.
///
/// All events up to the ``cursor`` are in memory, delivered, of a suspended route, or of a parked lane. A lane is parked
/// when it holds as many events as it may; the rest of it is read from the file when half of those are through. As long as
/// the cursor is behind the end of the file, new events are left there too, and found later in their order.
package struct LaneWindow: Sendable {
    package struct Limits: Hashable, Sendable {
        /// Events in memory: with what is remembered of each, some 10 MB.
        package var events: Int
        /// Their bytes.
        package var bytes: Int
        /// Events of one lane in memory.
        package var laneEvents: Int

        package init(events: Int = 50_000, bytes: Int = 64 << 20, laneEvents: Int = 1_000) {
            self.events = max(1, events)
            self.bytes = max(1, bytes)
            self.laneEvents = max(1, laneEvents)
        }
    }

    package enum Verdict: Hashable, Sendable {
        /// It goes into memory, and to its handler.
        case take
        /// It stays in the file for now.
        case leave
        /// There is no room: nothing behind it is to be offered now.
        case stop
    }

    /// What is to be read from the file now.
    package enum Need: Hashable, Sendable {
        case scan(after: Int64)
        case lane(String, after: Int64)
    }

    private struct Lane {
        var count = 0
        /// The last position in memory when the lane was parked; everything of it behind that is in the file.
        var parkedAfter: Int64?
    }

    private let limits: Limits
    private var lanes: [ExactName: Lane] = [:]
    private var loaded: [Int64: (lane: ExactName, bytes: Int)] = [:]
    private var bytes = 0
    /// Parked lanes that should be read on.
    private var hungry: Set<ExactName> = []
    private var suspended: Set<String> = []
    package private(set) var cursor: Int64 = 0
    /// Nothing behind the cursor is in the file.
    package private(set) var isCaughtUp: Bool

    package init(limits: Limits = Limits(), isCaughtUp: Bool = false) {
        self.limits = limits
        self.isCaughtUp = isCaughtUp
    }

    /// Events in memory.
    package var count: Int { loaded.count }

    /// Events of a lane in memory; -1 when it has more in the file.
    package func count(inLane lane: String) -> Int {
        guard let lane = lanes[ExactName(lane)] else { return 0 }
        return lane.parkedAfter == nil ? lane.count : -1
    }

    /// Whether the lane has so many events that its senders should wait.
    package func isFull(lane: String) -> Bool { lanes[ExactName(lane)]?.parkedAfter != nil }

    // MARK: - What happens

    /// An event was just stored.
    package mutating func committed(_ stored: StoredEvent) -> Verdict {
        guard isCaughtUp else { return .leave }
        let verdict = offer(stored)
        if verdict == .stop { isCaughtUp = false }
        return verdict
    }

    /// There may be events behind the cursor that nobody has offered.
    package mutating func fellBehind() { isCaughtUp = false }

    /// The next event of a scan.
    package mutating func offer(_ stored: StoredEvent) -> Verdict {
        let position = stored.position
        let name = ExactName(stored.event.lane)
        if loaded[position] != nil || suspended.contains(stored.event.route) || lanes[name]?.parkedAfter != nil {
            cursor = max(cursor, position)
            return .leave
        }
        if let lane = lanes[name], lane.count >= limits.laneEvents {
            lanes[name]?.parkedAfter = position - 1
            cursor = max(cursor, position)
            return .leave
        }
        guard hasRoom(for: stored.event.bytes) else { return .stop }
        cursor = max(cursor, position)
        take(stored)
        return .take
    }

    /// What cannot be offered up to this position has been dealt with.
    package mutating func passed(_ position: Int64, ofLane lane: String?) {
        if let lane = lane.map(ExactName.init) {
            if let after = lanes[lane]?.parkedAfter { lanes[lane]?.parkedAfter = max(after, position) }
        } else {
            cursor = max(cursor, position)
        }
    }

    /// A scan has come to the end of the file.
    package mutating func reachedEnd() { isCaughtUp = true }

    /// The next event of a parked lane.
    package mutating func offer(_ stored: StoredEvent, ofParked name: String) -> Verdict {
        let name = ExactName(name)
        guard let lane = lanes[name], lane.parkedAfter != nil else { return .stop }
        guard loaded[stored.position] == nil, !suspended.contains(stored.event.route) else {
            lanes[name]?.parkedAfter = stored.position
            return .leave
        }
        guard lane.count < limits.laneEvents, hasRoom(for: stored.event.bytes) else {
            if lane.count >= limits.laneEvents { hungry.remove(name) }
            return .stop
        }
        lanes[name]?.parkedAfter = stored.position
        take(stored)
        return .take
    }

    /// A parked lane has been read to its end.
    package mutating func reachedEnd(ofLane name: String) {
        let name = ExactName(name)
        hungry.remove(name)
        lanes[name]?.parkedAfter = nil
        if lanes[name]?.count == 0 { lanes[name] = nil }
    }

    /// An event is delivered or given up.
    package mutating func release(_ position: Int64) {
        guard let (name, size) = loaded.removeValue(forKey: position) else { return }
        bytes -= size
        guard var lane = lanes[name] else { return }
        lane.count -= 1
        if lane.parkedAfter != nil {
            if lane.count <= limits.laneEvents / 2 { hungry.insert(name) }
            lanes[name] = lane
        } else {
            lanes[name] = lane.count > 0 ? lane : nil
        }
    }

    /// The route takes no events until it is resumed: they stay in the file.
    package mutating func suspend(route: String) { suspended.insert(route) }

    /// Suspended routes take events again, which are looked for from the beginning.
    package mutating func resume() {
        guard !suspended.isEmpty else { return }
        suspended = []
        cursor = 0
        isCaughtUp = false
    }

    // MARK: - What is to be done

    /// Nil: nothing, for now.
    package var need: Need? {
        // An eighth of the room has to be free, so that it is not one event that is read at a time.
        guard loaded.count <= limits.events - limits.events / 8, bytes <= limits.bytes - limits.bytes / 8 else {
            return nil
        }
        if let name = hungry.first, let position = lanes[name]?.parkedAfter { return .lane(name.text, after: position) }
        return isCaughtUp ? nil : .scan(after: cursor)
    }

    private func hasRoom(for size: Int) -> Bool {
        loaded.isEmpty || (loaded.count < limits.events && bytes + size <= limits.bytes)
    }

    private mutating func take(_ stored: StoredEvent) {
        let size = stored.event.bytes
        let lane = ExactName(stored.event.lane)
        loaded[stored.position] = (lane, size)
        bytes += size
        lanes[lane, default: Lane()].count += 1
    }

    /// Whether the counts agree with each other.
    ///
    /// For tests.
    package func invariants() -> Bool {
        var counts: [ExactName: Int] = [:]
        for (lane, _) in loaded.values { counts[lane, default: 0] += 1 }
        return bytes == loaded.values.reduce(0) { $0 + $1.bytes }
            && lanes.allSatisfy { $1.count == counts[$0] ?? 0 && ($1.count > 0 || $1.parkedAfter != nil) }
            && counts.keys.allSatisfy { lanes[$0] != nil }
            && lanes.allSatisfy { $1.count <= limits.laneEvents }
            && lanes.allSatisfy { $1.parkedAfter == nil || $1.count > limits.laneEvents / 2 || hungry.contains($0) }
            && hungry.allSatisfy { lanes[$0]?.parkedAfter != nil }
    }
}

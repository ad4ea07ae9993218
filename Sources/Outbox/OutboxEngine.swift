internal import Bus

/// The outbox without its thread, its clock and its handlers: what is written when, and what is delivered next.
///
/// Told about new events and about how deliveries went, it writes both in one transaction (``turn(appends:now:)``) and
/// says which events are to be handed to their handlers. What could not be written is kept and written later; only new
/// events are refused then.
package struct OutboxEngine<Store: EventStore> {
    package struct Limits: Hashable, Sendable {
        /// Bytes of the file above which new events are refused.
        package var maxBytes: Int
        package var window: LaneWindow.Limits

        package init(maxBytes: Int = 4 << 30, window: LaneWindow.Limits = LaneWindow.Limits()) {
            self.maxBytes = maxBytes
            self.window = window
        }
    }

    /// How a delivery went.
    package enum Report: Hashable, Sendable {
        case delivered(Int64)
        /// There will be another attempt.
        case attempted(Int64, attempts: Int, notBefore: Int64)
        case died(Int64, Death)
        /// Its route takes no events: it stays in the file.
        case suspended(Int64, route: String)
    }

    /// What became of a new event.
    package enum Appended: Hashable, Sendable {
        /// On the disk; `isLaneFull`: its senders should wait until it is delivered.
        case stored(position: Int64, isLaneFull: Bool)
        case busy
        case unavailable
    }

    package struct Turn {
        /// One for each new event, in their order.
        package var results: [Appended] = []
        /// To be handed to their handlers, in this order.
        package var deliver: [StoredEvent] = []
        /// Why nothing could be written.
        package var failure: StoreError?
        /// Events that were found damaged.
        package var damaged = 0
    }

    private enum Change {
        case remove(Int64)
        case bury(Int64, Death)
        case forget(lane: String, handler: String)
    }

    private static var scanLimit: Int { 256 }
    private static var scanBytes: Int { 4 << 20 }
    /// Lanes that are to be forgotten once they are empty; what is too much goes with the old ones.
    private static var maxEndingLanes: Int { 65_536 }
    /// Lanes that are to be forgotten with the next commit, which may be far away; what is too much goes with the old ones.
    package static var maxForgets: Int { 10_000 }

    package let store: Store
    private let limits: Limits
    private var windows: [String: LaneWindow] = [:]
    private var changes: [Change] = []
    /// How many of them are lanes that are to be forgotten; the others are of events that were in memory.
    private var forgets = 0
    /// The last attempts at events that are in memory, by position.
    private var attempts: [Int64: (count: Int, notBefore: Int64)] = [:]
    private var endingLanes: Set<ExactName> = []
    package private(set) var census: Census
    /// A commit failed, and may have happened nevertheless: the file has to be looked at again.
    private var isUncertain = false

    /// - Parameter handlers: those that exist; events for others wait until they do.
    package init(store: Store, handlers: [String], limits: Limits) throws(StoreError) {
        self.store = store
        self.limits = limits
        census = try store.census()
        for handler in handlers { windows[handler] = LaneWindow(limits: limits.window) }
    }

    /// Changes that are not written yet.
    package var unwritten: Int { changes.count + attempts.count }

    /// Whether ``turn(appends:now:)`` would hand out more than is in memory.
    package var wantsMore: Bool { windows.values.contains { $0.need != nil } }

    /// Events in memory.
    package var loaded: Int { windows.values.reduce(0) { $0 + $1.count } }

    // MARK: - What happens

    /// A delivery of a handler's event has come to its end, for now.
    package mutating func report(_ report: Report, of stored: StoredEvent) {
        let event = stored.event
        switch report {
        case .attempted(let position, let count, let notBefore):
            attempts[position] = (count, notBefore)
            return
        case .delivered(let position):
            attempts[position] = nil
            changes.append(.remove(position))
        case .died(let position, let death):
            attempts[position] = nil
            changes.append(.bury(position, death))
            census.dead += 1
        case .suspended(_, let route):
            windows[event.handler]?.suspend(route: route)
            windows[event.handler]?.release(stored.position)
            return
        }
        windows[event.handler]?.release(stored.position)
        census.pending[event.handler, default: 1] -= 1
        let lane = ExactName(event.lane)
        if endingLanes.contains(lane), windows[event.handler]?.count(inLane: event.lane) == 0 {
            endingLanes.remove(lane)
            forget(event.lane, of: event.handler)
        }
    }

    private mutating func forget(_ lane: String, of handler: String) {
        guard forgets < Self.maxForgets else { return }
        forgets += 1
        changes.append(.forget(lane: lane, handler: handler))
    }

    /// Nobody will send events to the lane any more.
    package mutating func forget(lane: String) {
        for (handler, window) in windows {
            if window.count(inLane: lane) == 0 {
                forget(lane, of: handler)
            } else if endingLanes.count < Self.maxEndingLanes {
                endingLanes.insert(ExactName(lane))
            }
        }
    }

    /// Handlers that the configuration has now; those that it had are not forgotten.
    package mutating func add(handlers: [String]) {
        for handler in handlers where windows[handler] == nil { windows[handler] = LaneWindow(limits: limits.window) }
    }

    /// Routes that were switched off get their events again.
    package mutating func resume() {
        for handler in windows.keys { windows[handler]?.resume() }
    }

    // MARK: - Writing

    /// Writes new events and all changes in one transaction, and fills up what is in memory.
    package mutating func turn(appends: [NewEvent], probes: Bool = false, now: Int64) -> Turn {
        var turn = Turn()
        var stored: [StoredEvent?] = []
        if !appends.isEmpty || unwritten > 0 || probes {
            do throws(StoreError) {
                stored = try write(appends, probes: probes)
            } catch {
                store.rollback()
                turn.results = appends.map { _ in .unavailable }
                turn.failure = error
                becomeUncertain()
                return turn
            }
            written()
        }
        for case let event? in stored { take(event, &turn) }
        turn.results = stored.map { stored in
            guard let stored else { return .busy }
            let isFull = windows[stored.event.handler]?.isFull(lane: stored.event.lane) ?? false
            return .stored(position: stored.position, isLaneFull: isFull)
        }
        do throws(StoreError) {
            if isUncertain {
                census = try store.census()
                isUncertain = false
            }
            try refill(now, &turn)
        } catch {
            turn.failure = error
        }
        return turn
    }

    private mutating func written() {
        changes = []
        forgets = 0
        attempts = [:]
    }

    private mutating func becomeUncertain() {
        isUncertain = true
        for handler in windows.keys { windows[handler]?.fellBehind() }
    }

    private func write(
        _ appends: [NewEvent], probes: Bool
    ) throws(StoreError) -> [StoredEvent?] {
        try store.begin()
        if probes { try store.touch() }
        for (position, last) in attempts {
            try store.attempted(position, attempts: last.count, notBefore: last.notBefore)
        }
        for change in changes {
            switch change {
            case .remove(let position): try store.remove(position)
            case .bury(let position, let death): try store.bury(position, death)
            case .forget(let lane, let handler): try store.forget(lane: lane, of: handler)
            }
        }
        var stored: [StoredEvent?] = []
        if !appends.isEmpty {
            var room = limits.maxBytes - (try store.usedBytes())
            for event in appends {
                room -= event.bytes
                stored.append(room >= 0 ? try store.append(event) : nil)
            }
        }
        try store.commit()
        return stored
    }

    private mutating func take(_ event: StoredEvent, _ turn: inout Turn) {
        let handler = event.event.handler
        census.pending[handler, default: 0] += 1
        if windows[handler]?.committed(event) == .take { turn.deliver.append(event) }
    }

    // MARK: - Dead letters

    /// Sends dead letters again; see ``EventStore/replay(_:limit:diedBy:now:)``.
    ///
    /// They are delivered with the next turn.
    package mutating func replay(
        _ selection: DeadLetterSelection, limit: Int, diedBy: Int64, now: Int64
    ) throws(StoreError) -> Int {
        let counts = try transaction { store throws(StoreError) in
            try store.replay(selection, limit: limit, diedBy: diedBy, now: now)
        }
        for (handler, count) in counts {
            census.dead -= count
            census.pending[handler, default: 0] += count
            windows[handler]?.fellBehind()
        }
        return counts.values.reduce(0, +)
    }

    package mutating func drop(_ selection: DeadLetterSelection, limit: Int) throws(StoreError) -> Int {
        let count = try transaction { store throws(StoreError) in try store.drop(selection, limit: limit) }
        census.dead -= count
        return count
    }

    package mutating func deadLetters(
        handler: String?, after origin: Int64, limit: Int
    ) throws(StoreError) -> [DeadLetter] {
        try settle()
        return try store.deadLetters(handler: handler, after: origin, limit: limit)
    }

    package mutating func deadLetter(id: String) throws(StoreError) -> DeadLetter? {
        try settle()
        return try store.deadLetter(id: id)
    }

    /// What died a moment ago is among the dead.
    private mutating func settle() throws(StoreError) {
        guard unwritten > 0 else { return }
        do throws(StoreError) {
            _ = try write([], probes: false)
        } catch {
            store.rollback()
            becomeUncertain()
            throw error
        }
        written()
    }

    private mutating func transaction<Result>(
        _ body: (Store) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try settle()
        do throws(StoreError) {
            try store.begin()
            let result = try body(store)
            try store.commit()
            return result
        } catch {
            store.rollback()
            becomeUncertain()
            throw error
        }
    }

    /// Forgets lanes that nobody uses; tried again another time when it fails.
    package mutating func forgetLanes(unusedSince time: Int64) {
        _ = try? transaction { store throws(StoreError) in
            try store.forgetLanes(unusedSince: time)
        }
    }

    // MARK: - Reading

    /// Changes that are not written would bring back what is delivered: so there are none here.
    private mutating func refill(_ now: Int64, _ turn: inout Turn) throws(StoreError) {
        for handler in windows.keys {
            var goesOn = true
            while goesOn, turn.deliver.count < 4 * Self.scanLimit, let need = windows[handler]?.need {
                goesOn = try read(need, of: handler, now, &turn)
            }
        }
    }

    /// Returns `false` when there is no room for more.
    private mutating func read(
        _ need: LaneWindow.Need, of handler: String, _ now: Int64, _ turn: inout Turn
    ) throws(StoreError) -> Bool {
        var lane: String?
        var position: Int64
        switch need {
        case .scan(let after): position = after
        case .lane(let name, let after): (lane, position) = (name, after)
        }
        let loaded = try store.load(
            handler: handler, lane: lane, after: position, limit: Self.scanLimit, bytes: Self.scanBytes)
        for stored in loaded.events {
            let verdict: LaneWindow.Verdict?
            if let lane {
                verdict = windows[handler]?.offer(stored, ofParked: lane)
            } else {
                verdict = windows[handler]?.offer(stored)
            }
            switch verdict {
            case .take: turn.deliver.append(stored)
            case .leave: break
            case .stop, nil:
                // Damaged ones before it are met again.
                return false
            }
        }
        for position in loaded.damaged { bury(position, of: handler, now, &turn) }
        if let last = loaded.damaged.max() { windows[handler]?.passed(last, ofLane: lane) }
        guard loaded.isEnd else { return true }
        if let lane {
            windows[handler]?.reachedEnd(ofLane: lane)
        } else {
            windows[handler]?.reachedEnd()
        }
        return true
    }

    private mutating func bury(_ position: Int64, of handler: String, _ now: Int64, _ turn: inout Turn) {
        let death = Death(
            reason: Death.damaged, attempts: 0, status: 0, problem: "its bytes are not the ones that were stored",
            response: [], time: now)
        changes.append(.bury(position, death))
        turn.damaged += 1
        census.dead += 1
        census.pending[handler, default: 1] -= 1
    }
}

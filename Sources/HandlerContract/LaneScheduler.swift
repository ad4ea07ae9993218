internal import Bus

/// Decides which job may go to a handler next: one in flight per lane, a bound over all lanes, fair among them.
///
/// A lane is a name such as `socket:mGx1…`, and another one when a byte of it differs; its jobs start in the order in which they came. A job that is to be tried
/// again stays at the head of its lane: the lane waits with it, and no other does, nor does it take a place among the
/// calls in flight. Lanes without jobs do not exist; only their last sequence number is remembered, in a bounded table.
/// How several jobs go into one call is in `LaneScheduler+Batches.swift`.
package struct LaneScheduler<Job> {
    /// Whoever sent a job, so that the caller can stop reading from it.
    ///
    /// The number is the caller's.
    package typealias Owner = UInt64

    /// A job that is to be started now.
    package struct Start {
        package var job: Job
        package var lane: String
        package var owner: Owner
        /// 1, 2, … within the lane without gaps; the same when a job is started again.
        package var sequence: UInt64
    }

    package enum Enqueued {
        case start(Start)
        case queued
        /// The lane holds as much as it may; the job was not taken.
        case full
    }

    /// What follows from the end or the delay of a job.
    package struct Turn {
        package var start: [Start] = []
        /// Owners that were paused and have few enough jobs again.
        package var resume: [Owner] = []
    }

    struct Item {
        var job: Job
        var owner: Owner
        /// Given at the first start, so that a job that never starts leaves no gap.
        var sequence: UInt64?
    }

    enum State { case ready, running, blocked }

    struct Lane {
        var name = ""
        var state = State.ready
        /// The first one is in flight when the lane is running, and waits for its next attempt when it is blocked.
        var items = LaneQueue<Item>()
        /// How many of them are in flight: more than one in a call for several only.
        var running = 0
        /// Counts among the calls in flight; the lanes of a call for several do not, as it counts itself.
        var hasPlace = false
    }

    let limits: LaneLimits
    var lanes: [Lane] = []
    private var freeSlots: [Int] = []
    private(set) var slots: [ExactName: Int] = [:]
    /// Lanes whose first job may start, in the order of their turns.
    ///
    /// A lane emptied by a drop keeps its turn.
    private var ready = LaneQueue<Int>()
    private var owners = OwnerCounts()
    var sequences: LaneSequences

    /// Calls in flight.
    package internal(set) var inFlight = 0
    /// Of these, calls for several jobs.
    var batches = 0
    /// Calls for several jobs that wait for a place, and get it before any lane does.
    var reservations = 0
    /// Jobs in all lanes, those in flight included.
    package private(set) var jobCount = 0

    package init(limits: LaneLimits = LaneLimits()) {
        self.limits = limits
        sequences = LaneSequences(capacity: limits.rememberedSequences)
        owners = OwnerCounts(pauseAt: limits.ownerPause, resumeAt: limits.ownerResume)
    }

    /// Lanes that have jobs.
    package var laneCount: Int { slots.count }

    /// Jobs of the lane, the one in flight included.
    package func count(inLane lane: String) -> Int {
        slots[ExactName(lane)].map { lanes[$0].items.count } ?? 0
    }

    /// Whether the owner has so many jobs here that nothing more should be read from it; it is named in a later
    /// ``Turn/resume`` when that is over.
    package func isPaused(_ owner: Owner) -> Bool { owners.isPaused(owner) }

    /// A job has come.
    ///
    /// - Parameter capacity: of its lane; nil: the usual.
    package mutating func enqueue(_ job: Job, lane: String, owner: Owner, capacity: Int? = nil) -> Enqueued {
        let item = Item(job: job, owner: owner)
        if let slot = slots[ExactName(lane)] {
            guard lanes[slot].items.count < capacity ?? limits.laneCapacity else { return .full }
            lanes[slot].items.append(item)
            count(owner)
            return .queued
        }
        let slot = openLane(lane)
        lanes[slot].items.append(item)
        count(owner)
        // A free place means that no other lane is ready: every place was offered when it became free.
        if hasRoom, let start = start(slot) { return .start(start) }
        ready.append(slot)
        return .queued
    }

    /// The job in flight of the lane is done, for good.
    package mutating func finished(lane: String) -> Turn {
        var turn = Turn()
        guard let slot = slots[ExactName(lane)], lanes[slot].state == .running else { return turn }
        if let item = lanes[slot].items.popFirst() { release(item.owner, into: &turn.resume) }
        lanes[slot].running -= 1
        guard lanes[slot].running == 0 else { return turn }
        leavePlace(slot)
        if lanes[slot].items.isEmpty {
            closeLane(slot)
        } else {
            makeReady(slot)
        }
        fill(&turn)
        return turn
    }

    /// The job in flight has failed and is to be tried again later: until ``unblocked(lane:)``, its lane stands still.
    ///
    /// Those behind it that were in the same call have not been in any.
    ///
    /// `job` takes its place unless it is nil, with the number of its attempt raised for instance.
    package mutating func blocked(lane: String, by job: Job? = nil) -> Turn {
        var turn = Turn()
        guard let slot = slots[ExactName(lane)], lanes[slot].state == .running else { return turn }
        if let job { lanes[slot].items.updateFirst { $0.job = job } }
        lanes[slot].state = .blocked
        lanes[slot].running = 0
        leavePlace(slot)
        fill(&turn)
        return turn
    }

    /// The pause of a blocked lane is over.
    ///
    /// Does nothing for a lane that is not blocked (any more).
    package mutating func unblocked(lane: String) -> Turn {
        var turn = Turn()
        guard let slot = slots[ExactName(lane)], lanes[slot].state == .blocked else { return turn }
        makeReady(slot)
        fill(&turn)
        return turn
    }

    /// Takes all jobs out of a lane but those in flight, which still end with ``finished(lane:)``.
    package mutating func drop(lane: String) -> (jobs: [Job], resume: [Owner]) {
        guard let slot = slots[ExactName(lane)] else { return ([], []) }
        var dropped = lanes[slot].items.removeAll()
        let kept = lanes[slot].running
        for item in dropped.prefix(kept) { lanes[slot].items.append(item) }
        dropped.removeFirst(min(kept, dropped.count))
        var resume: [Owner] = []
        for item in dropped { release(item.owner, into: &resume) }
        if lanes[slot].state == .blocked { closeLane(slot) }
        return (dropped.map(\.job), resume)
    }

    /// The lane will not be used again; should it be, its sequence begins at 1.
    package mutating func forgetSequence(ofLane lane: String) { sequences.remove(lane) }
}

extension LaneScheduler {
    private mutating func openLane(_ name: String) -> Int {
        let slot = freeSlots.popLast() ?? lanes.count
        if slot == lanes.count { lanes.append(Lane()) }
        lanes[slot].name = name
        lanes[slot].state = .ready
        slots[ExactName(name)] = slot
        return slot
    }

    private mutating func closeLane(_ slot: Int) {
        slots[ExactName(lanes[slot].name)] = nil
        lanes[slot] = Lane()
        freeSlots.append(slot)
        if slots.isEmpty {
            // After a burst, the table goes back to nothing.
            lanes = []
            freeSlots = []
        }
    }

    private mutating func makeReady(_ slot: Int) {
        lanes[slot].state = .ready
        ready.append(slot)
    }

    /// Whether a lane may start.
    private var hasRoom: Bool { inFlight + reservations < limits.concurrency }

    private mutating func leavePlace(_ slot: Int) {
        guard lanes[slot].hasPlace else { return }
        lanes[slot].hasPlace = false
        inFlight -= 1
    }

    mutating func fill(_ turn: inout Turn) {
        while hasRoom, let slot = ready.popFirst() {
            if let start = start(slot) {
                turn.start.append(start)
            } else {
                closeLane(slot)
            }
        }
    }

    /// Nil when the lane has no job.
    private mutating func start(_ slot: Int) -> Start? {
        guard let first = lanes[slot].items.first else { return nil }
        let name = lanes[slot].name
        let sequence = first.sequence ?? sequences.next(name)
        lanes[slot].items.updateFirst { $0.sequence = sequence }
        lanes[slot].state = .running
        lanes[slot].running = 1
        lanes[slot].hasPlace = true
        inFlight += 1
        return Start(job: first.job, lane: name, owner: first.owner, sequence: sequence)
    }

    private mutating func count(_ owner: Owner) {
        jobCount += 1
        owners.add(owner)
    }

    private mutating func release(_ owner: Owner, into resume: inout [Owner]) {
        jobCount -= 1
        if owners.remove(owner) { resume.append(owner) }
    }

    /// Whether the counts, the turns and the lanes agree with each other.
    ///
    /// For tests.
    package func invariants() -> Bool {
        let open = slots.values.map { lanes[$0] }
        var readySlots = ready
        var turns: [Int] = []
        while let slot = readySlots.popFirst() { turns.append(slot) }
        return slots.allSatisfy { ExactName(lanes[$1].name) == $0 }
            && open.count { $0.hasPlace } + batches == inFlight
            && open.allSatisfy { $0.state == .running ? (1...$0.items.count).contains($0.running) : $0.running == 0 }
            && open.allSatisfy { $0.state == .running || !$0.hasPlace }
            && inFlight <= limits.concurrency
            && (!hasRoom || turns.isEmpty)
            && turns.count == Set(turns).count
            && Set(turns) == Set(slots.values.filter { lanes[$0].state == .ready })
            && open.allSatisfy { $0.items.count <= limits.laneCapacity && ($0.state == .ready || !$0.items.isEmpty) }
            && open.reduce(0) { $0 + $1.items.count } == jobCount
            && owners.total == jobCount
            && freeSlots.count + slots.count == lanes.count
    }
}

extension LaneScheduler: Sendable where Job: Sendable {}
extension LaneScheduler.Start: Sendable where Job: Sendable {}
extension LaneScheduler.Enqueued: Sendable where Job: Sendable {}
extension LaneScheduler.Turn: Sendable where Job: Sendable {}
extension LaneScheduler.Item: Sendable where Job: Sendable {}
extension LaneScheduler.Lane: Sendable where Job: Sendable {}

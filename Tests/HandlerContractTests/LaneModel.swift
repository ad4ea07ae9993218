import HandlerContract

/// The rules of the lane scheduler once more, as slow and as plain as possible, to compare it with.
struct LaneModel {
    struct Job: Hashable {
        var number: Int
        var owner: UInt64
        var attempt = 1
    }

    struct Start: Hashable {
        var job: Job
        var lane: String
        var sequence: UInt64
    }

    let limits: LaneLimits
    var jobs: [String: [Job]] = [:]
    var running: Set<String> = []
    var blocked: Set<String> = []
    var turns: [String] = []
    var sequences: [String: UInt64] = [:]
    /// Sequence of the first job of a lane, once it has been started.
    var given: [String: UInt64] = [:]
    var paused: Set<UInt64> = []

    init(limits: LaneLimits) { self.limits = limits }

    func count(_ owner: UInt64) -> Int {
        jobs.values.reduce(0) { $0 + $1.count { $0.owner == owner } }
    }

    mutating func fill() -> [Start] {
        var starts: [Start] = []
        while running.count < limits.concurrency, !turns.isEmpty {
            let lane = turns.removeFirst()
            guard let job = jobs[lane]?.first else {
                jobs[lane] = nil
                continue
            }
            if given[lane] == nil {
                sequences[lane, default: 0] += 1
                given[lane] = sequences[lane]
            }
            running.insert(lane)
            starts.append(Start(job: job, lane: lane, sequence: given[lane] ?? 0))
        }
        return starts
    }

    /// Nil: full.
    mutating func enqueue(_ job: Job, lane: String) -> [Start]? {
        guard jobs[lane, default: []].count < limits.laneCapacity else { return nil }
        if jobs[lane] == nil { turns.append(lane) }
        jobs[lane, default: []].append(job)
        if count(job.owner) >= limits.ownerPause { paused.insert(job.owner) }
        return fill()
    }

    private mutating func resumed(_ owner: UInt64) -> [UInt64] {
        guard paused.contains(owner), count(owner) <= limits.ownerResume else { return [] }
        paused.remove(owner)
        return [owner]
    }

    mutating func finished(_ lane: String) -> (start: [Start], resume: [UInt64]) {
        guard running.remove(lane) != nil, let job = jobs[lane]?.removeFirst() else { return ([], []) }
        given[lane] = nil
        let resume = resumed(job.owner)
        if jobs[lane]?.isEmpty == true { jobs[lane] = nil } else { turns.append(lane) }
        return (fill(), resume)
    }

    mutating func blocked(_ lane: String, by job: Job) -> [Start] {
        guard running.remove(lane) != nil else { return [] }
        jobs[lane]?[0] = job
        blocked.insert(lane)
        return fill()
    }

    mutating func unblocked(_ lane: String) -> [Start] {
        guard blocked.remove(lane) != nil else { return [] }
        turns.append(lane)
        return fill()
    }

    mutating func drop(_ lane: String) -> (jobs: [Job], resume: [UInt64]) {
        guard var dropped = jobs[lane] else { return ([], []) }
        if running.contains(lane) {
            jobs[lane] = [dropped.removeFirst()]
        } else {
            given[lane] = nil
            // A lane that has a turn keeps it.
            jobs[lane] = blocked.remove(lane) == nil ? [] : nil
        }
        var resume: [UInt64] = []
        // One at a time, as the counts go down.
        let rest = jobs[lane]
        for index in dropped.indices {
            jobs[lane] = (rest ?? []) + dropped[(index + 1)...]
            resume += resumed(dropped[index].owner)
        }
        jobs[lane] = rest
        return (dropped, resume)
    }
}

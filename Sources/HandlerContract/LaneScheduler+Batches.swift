internal import Bus

extension LaneScheduler {
    /// The jobs behind those in flight of a lane go along with them, in the same call.
    ///
    /// - Parameter joins: asked in their order; the first that does not ends it.
    package mutating func extend(lane: String, limit: Int, while joins: (Job) -> Bool) -> [Start] {
        guard let slot = slots[ExactName(lane)], lanes[slot].state == .running else { return [] }
        var starts: [Start] = []
        while starts.count < limit, lanes[slot].running < lanes[slot].items.count {
            let place = lanes[slot].running
            guard let item = lanes[slot].items[place], joins(item.job) else { break }
            let sequence = item.sequence ?? sequences.next(lane)
            lanes[slot].items.update(place) { $0.sequence = sequence }
            lanes[slot].running += 1
            starts.append(Start(job: item.job, lane: lane, owner: item.owner, sequence: sequence))
        }
        return starts
    }

    /// The job in flight of a lane waits for others to go with it: meanwhile it is no call.
    package mutating func gathers(lane: String) -> Turn {
        var turn = Turn()
        guard let slot = slots[ExactName(lane)], lanes[slot].state == .running, lanes[slot].hasPlace else {
            return turn
        }
        lanes[slot].hasPlace = false
        inFlight -= 1
        fill(&turn)
        return turn
    }

    /// A call for several jobs begins, if there is a place for it.
    package mutating func beginBatch() -> Bool {
        guard inFlight < limits.concurrency else { return false }
        inFlight += 1
        batches += 1
        return true
    }

    /// So many calls for several jobs wait: the next places are for them.
    package mutating func reserve(_ count: Int) -> Turn {
        var turn = Turn()
        reservations = count
        fill(&turn)
        return turn
    }

    /// A call for several jobs has ended; what became of them is told apart from it.
    package mutating func endBatch() -> Turn {
        var turn = Turn()
        inFlight -= 1
        batches -= 1
        fill(&turn)
        return turn
    }
}

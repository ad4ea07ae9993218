import DequeModule

/// Names a row of an ``OutputTable`` for as long as its connection has it.
///
/// Rows are used again: an old name then fits no more.
struct OutputRowID: Hashable {
    fileprivate var index: UInt32
    fileprivate var generation: UInt32
}

/// Bulk that is sent before the clock is looked at again: some 300 µs of copying by the kernel.
private let roundBytes = 1 << 20

/// What a connection is to be sent, with this turn or as bulk.
struct TurnOutput {
    var list = OutputArena.List()
    var bytes = 0
}

/// What is known of one connection.
private struct Row {
    var output = TurnOutput()
    var generation: UInt32 = 0
    /// See ``OutputTable/set(_:keepsUp:descriptor:)``.
    var descriptor: CInt = -1
    var condition: Condition = []

    mutating func takeOutput() -> TurnOutput {
        defer { self.output = TurnOutput() }
        return self.output
    }
}

/// What else is known of a connection here.
private struct Condition: OptionSet {
    let rawValue: UInt8

    /// It is open, and nothing waits for the peer to read.
    static var keepsUp: Condition { Condition(rawValue: 1) }
    /// What a room gets may be put here without asking the session: it would do nothing else.
    static var takesBroadcasts: Condition { Condition(rawValue: 2) }
    /// Both of these: a lane to it is open.
    static var isOpenLane: Condition { Condition(rawValue: 3) }
    /// Its output leaves with this turn.
    static var isDirty: Condition { Condition(rawValue: 4) }
    /// Its output leaves when there is time.
    static var isBulk: Condition { Condition(rawValue: 8) }

    /// One of these.
    var isAwaited: Bool { self.rawValue & 12 != 0 }

    mutating func settle() { self = Condition(rawValue: self.rawValue & ~12) }
}

/// What each connection of a loop is to be sent, and whether it can be written without asking it.
///
/// One dense row a connection: a walk over the members of a room touches a line of memory for each of them, and no
/// object. A connection keeps its row true; the shard goes through those that have something to send.
struct OutputTable<Owner: AnyObject> {
    private var rows: ContiguousArray<Row> = []
    private var owners: ContiguousArray<Owner?> = []
    private var free: ContiguousArray<UInt32> = []
    /// Rows whose output leaves with this turn, and those whose output leaves when there is time.
    ///
    /// One may be in both: whoever is sent something prompt gets all that its row has.
    private var dirty: Deque<UInt32> = []
    private var bulk: Deque<UInt32> = []
    /// How many rows had something to send at once.
    private var largest = 0
    /// Of what is appended now.
    var urgency = Urgency.prompt
    private(set) var count = 0
    /// What is being sent at the moment, and for which rows.
    private var sends: ContiguousArray<SocketSend> = []
    private var sending: ContiguousArray<(row: OutputRowID, output: TurnOutput)> = []
    /// Those whose sends did not settle it.
    private var unsettled: Deque<(row: OutputRowID, output: TurnOutput, attempt: DirectWriter.Outcome)> = []
    /// Dirty rows of connections that have to be asked.
    private var unasked: Deque<UInt32> = []

    init() {}

    /// All that have a row.
    var everyone: [Owner] { self.owners.compactMap { $0 } }

    mutating func add(_ owner: Owner) -> OutputRowID {
        self.count += 1
        guard let index = self.free.popLast() else {
            self.rows.append(Row())
            self.owners.append(owner)
            return OutputRowID(index: UInt32(self.rows.count - 1), generation: 0)
        }
        self.owners[Int(index)] = owner
        return OutputRowID(index: index, generation: self.rows[Int(index)].generation)
    }

    /// The connection is gone, and what it was to be sent.
    ///
    /// Returns `false` when that was known.
    mutating func remove(_ id: OutputRowID) -> Bool {
        guard self.isValid(id) else { return false }
        let index = Int(id.index)
        self.rows[index] = Row(generation: id.generation &+ 1)
        self.owners[index] = nil
        self.free.append(id.index)
        self.count -= 1
        return true
    }

    private func isValid(_ id: OutputRowID) -> Bool {
        Int(id.index) < self.rows.count && self.rows[Int(id.index)].generation == id.generation
            && self.owners[Int(id.index)] != nil
    }

    /// What a connection is to be sent, as far as it goes; nothing when the row belongs to somebody else by now.
    subscript(id: OutputRowID) -> TurnOutput { self.isValid(id) ? self.rows[Int(id.index)].output : TurnOutput() }

    // MARK: - What a connection says of itself

    /// - Parameters:
    ///   - keepsUp: it is open, and nothing waits for the peer to read.
    ///   - descriptor: where its output may go as it is, when the connection has nothing to do about it; -1 otherwise. It
    ///     is taken back before the descriptor can mean another connection.
    mutating func set(_ id: OutputRowID, keepsUp: Bool, descriptor: CInt) {
        guard self.isValid(id) else { return }
        let index = Int(id.index)
        self.rows[index].descriptor = descriptor
        if keepsUp {
            self.rows[index].condition.insert(.keepsUp)
        } else {
            self.rows[index].condition.remove(.keepsUp)
        }
    }

    mutating func setTakesBroadcasts(_ takes: Bool, _ id: OutputRowID) {
        guard self.isValid(id) else { return }
        if takes {
            self.rows[Int(id.index)].condition.insert(.takesBroadcasts)
        } else {
            self.rows[Int(id.index)].condition.remove(.takesBroadcasts)
        }
    }

    // MARK: - What is to be sent

    /// Lets `body` append to the list of a connection; it returns the number of bytes.
    mutating func append(_ id: OutputRowID, _ body: (inout OutputArena.List) -> Int) {
        guard self.isValid(id) else { return }
        let index = Int(id.index)
        self.rows[index].output.bytes += body(&self.rows[index].output.list)
        self.mark(id.index, self.urgency)
    }

    /// The connection is to be looked at when the turn ends.
    mutating func markDirty(_ id: OutputRowID) {
        guard self.isValid(id) else { return }
        self.mark(id.index, .prompt)
    }

    private mutating func mark(_ row: UInt32, _ urgency: Urgency) {
        switch urgency {
        case .prompt:
            guard !self.rows[Int(row)].condition.contains(.isDirty) else { return }
            self.rows[Int(row)].condition.insert(.isDirty)
            self.dirty.append(row)
        case .bulk:
            guard !self.rows[Int(row)].condition.isAwaited else { return }
            self.rows[Int(row)].condition.insert(.isBulk)
            self.bulk.append(row)
        }
    }

    /// Whether what a connection is to be sent has not been written yet.
    func isAwaited(_ id: OutputRowID) -> Bool {
        self.isValid(id) && self.rows[Int(id.index)].condition.isAwaited
    }

    /// Drops what a connection was to be sent.
    mutating func removeOutput(_ id: OutputRowID) {
        guard self.isValid(id) else { return }
        _ = self.rows[Int(id.index)].takeOutput()
    }

    /// Something leaves with this turn.
    var hasDirty: Bool { !self.dirty.isEmpty }

    /// Something leaves when there is time.
    var hasBulk: Bool { !self.bulk.isEmpty }

    /// Appends the same piece to one connection after the other, as long as their lanes are of one kind and open.
    ///
    /// Returns the first that is not: that member's delivery is for its session.
    mutating func append(
        _ piece: OutputArena.SharedPiece, to members: ContiguousArray<UInt32>, from start: Int,
        lanes: borrowing BroadcastLanes, kind: BroadcastLane.Kind, in arena: inout OutputArena
    ) -> Int {
        var index = start
        while index < members.count {
            let lane = lanes[members[index]]
            guard let lane, lane.kind == kind else { return index }
            let row = Int(lane.row.index)
            guard row < self.rows.count, self.rows[row].generation == lane.row.generation,
                self.rows[row].condition.contains(.isOpenLane)
            else { return index }
            self.rows[row].output.bytes += arena.append(piece, to: &self.rows[row].output.list)
            self.mark(lane.row.index, self.urgency)
            index += 1
        }
        return index
    }

    // MARK: - The end of the turn

    /// Sends to the connections whose output leaves with this turn, to many at once, and leaves to their owners what that
    /// does not settle.
    ///
    /// Returns with each connection that has to be asked: what it was to be sent, and how the attempt to write it ended, if
    /// there was one. `nil` when there is no more.
    mutating func flush(
        _ arena: borrowing OutputArena, gather: UnsafeMutableRawBufferPointer, sender: inout SocketSender,
        sent: inout UInt64
    ) -> Unsettled? {
        while true {
            // All of these before anything else is sent: what a connection gets next must not overtake what is left.
            while let (row, output, attempt) = self.unsettled.popFirst() {
                // Its connection may have been closed by that of another.
                guard self.isValid(row), let owner = self.owners[Int(row.index)] else { continue }
                return Unsettled(owner: owner, output: output, attempt: attempt)
            }
            while let row = self.unasked.popFirst().map(Int.init) {
                self.rows[row].condition.settle()
                let output = self.rows[row].takeOutput()
                guard let owner = self.owners[row] else { continue }
                return Unsettled(owner: owner, output: output, attempt: nil)
            }
            guard !self.dirty.isEmpty else { return nil }
            self.send(.prompt, arena, gather: gather, sender: &sender, sent: &sent)
        }
    }

    /// Sends to as many of the others as go together; what that does not settle is for the next
    /// ``flush(_:gather:sender:sent:)``.
    mutating func sendBulk(
        _ arena: borrowing OutputArena, gather: UnsafeMutableRawBufferPointer, sender: inout SocketSender,
        sent: inout UInt64
    ) {
        self.send(.bulk, arena, gather: gather, sender: &sender, sent: &sent)
    }

    /// Sends to as many connections as go together.
    ///
    /// No owner is asked meanwhile, so that each descriptor is still that of its row's connection.
    private mutating func send(
        _ urgency: Urgency, _ arena: borrowing OutputArena, gather: UnsafeMutableRawBufferPointer,
        sender: inout SocketSender, sent: inout UInt64
    ) {
        self.largest = max(self.largest, self.dirty.count, self.bulk.count)
        var gathering = OutputArena.Gathering(in: gather)
        var bytes = 0
        for _ in 0..<SocketSender.capacity {
            if urgency == .bulk, bytes >= roundBytes { break }
            guard let index = urgency == .prompt ? self.dirty.first : self.bulk.first else { break }
            let row = Int(index)
            let descriptor = self.rows[row].descriptor
            bytes += self.rows[row].output.bytes
            if !self.rows[row].condition.isAwaited {
                // It went with something prompt, or its connection is gone.
            } else if descriptor < 0 || self.rows[row].output.list.isEmpty {
                self.unasked.append(index)
            } else if let gathered = arena.bytes(of: self.rows[row].output.list, &gathering) {
                self.sends.append(SocketSend(gathered, to: descriptor))
                self.rows[row].condition.settle()
                let id = OutputRowID(index: index, generation: self.rows[row].generation)
                self.sending.append((id, self.rows[row].takeOutput()))
            } else if gathering.isEmpty {
                // There will never be room enough for it.
                self.unasked.append(index)
            } else {
                // There is more room when those before it are gone.
                break
            }
            if urgency == .prompt { self.dirty.removeFirst() } else { self.bulk.removeFirst() }
        }
        sender.send(&self.sends)
        for index in self.sends.indices {
            let outcome = self.sends[index].outcome ?? .wrote(0)
            let (row, output) = self.sending[index]
            if outcome == .wrote(output.bytes) {
                sent &+= UInt64(output.bytes)
            } else {
                self.unsettled.append((row, output, outcome))
            }
        }
        self.sends.removeAll(keepingCapacity: true)
        self.sending.removeAll(keepingCapacity: true)
    }

    /// What is left to its connection.
    struct Unsettled {
        var owner: Owner
        var output: TurnOutput
        var attempt: DirectWriter.Outcome?
    }

    /// Everything has been sent.
    mutating func endTurn() {
        // A large room must not pin its memory for good.
        if self.largest >= 65_536 { (self.dirty, self.bulk, self.unasked) = ([], [], []) }
        self.largest = 0
    }
}

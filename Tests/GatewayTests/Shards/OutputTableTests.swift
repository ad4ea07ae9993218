import Glibc
import NIOCore
import Randomness
import Testing

@testable import Gateway

/// Stands for a connection.
private final class Owner {
    let member: UInt32?

    init(member: UInt32? = nil) { self.member = member }
}

@Suite final class OutputTableTests {
    private var table = OutputTable<Owner>()
    private var arena = OutputArena()
    private var lanes = BroadcastLanes()
    private let counters = EndpointCounters()
    private let kind = BroadcastLane.Kind(dialect: .socketIO, endpoint: 0)

    /// A connection that keeps up, with a lane for `member`.
    private func openRow(for member: UInt32, descriptor: CInt = -1) -> OutputRowID {
        let row = self.table.add(Owner(member: member))
        self.table.set(row, keepsUp: true, descriptor: descriptor)
        self.table.setTakesBroadcasts(true, row)
        self.lanes.open(LaneOffer(row: row, dialect: .socketIO, counters: self.counters), for: member)
        return row
    }

    private func broadcast(_ text: String, to members: ContiguousArray<UInt32>, from start: Int = 0) -> Int {
        let buffer = self.arena.add(ByteBuffer(string: text))
        return self.table.append(
            self.arena.piece(buffer), to: members, from: start, lanes: self.lanes, kind: self.kind, in: &self.arena)
    }

    private func say(_ text: String, to row: OutputRowID) {
        var arena = self.arena
        self.table.append(row) { list in arena.append(to: &list) { $0.writeString(text) } }
        self.arena = arena
    }

    private func text(of output: TurnOutput) -> String {
        self.arena.buffers(of: output.list).map { String(buffer: $0) }.joined()
    }

    private func remove(_ row: OutputRowID) -> Bool { self.table.remove(row) }

    /// All that was sent and settled, so far.
    private var sent: UInt64 = 0

    /// Made by the test itself, whose thread is then the ring's.
    private lazy var sender = SocketSender { _ in }

    /// Returns what a flush leaves to the connections; each is given to `asked` before the next.
    ///
    /// `bulk`: so many rounds of what leaves when there is time are sent first.
    private func flush(
        bulk: Int = 0, asked: (OutputTable<Owner>.Unsettled) -> Void = { _ in }
    ) -> [OutputTable<Owner>.Unsettled] {
        let gather = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
        defer { gather.deallocate() }
        var left: [OutputTable<Owner>.Unsettled] = []
        for _ in 0..<bulk where self.table.hasBulk {
            self.table.sendBulk(self.arena, gather: gather, sender: &self.sender, sent: &self.sent)
        }
        while let unsettled = self.table.flush(
            self.arena, gather: gather, sender: &self.sender, sent: &self.sent)
        {
            left.append(unsettled)
            asked(unsettled)
        }
        return left
    }

    @Test func `what comes by a lane and what comes by the session leave in the order of their coming`() {
        let row = self.openRow(for: 3)
        #expect(self.broadcast("one ", to: [3]) == 1)
        self.say("two ", to: row)
        #expect(self.broadcast("three ", to: [3]) == 1)
        self.say("four", to: row)
        #expect(self.text(of: self.table[row]) == "one two three four")
        #expect(self.table[row].bytes == 18)
    }

    @Test func `a run ends at the first member without a lane, or with one of another kind`() {
        let first = self.openRow(for: 0)
        let third = self.openRow(for: 2)
        #expect(self.broadcast("x", to: [0, 1, 2]) == 1)
        #expect(self.broadcast("x", to: [0, 1, 2], from: 2) == 3)
        let other = self.table.add(Owner())
        self.lanes.open(LaneOffer(row: other, dialect: .json, counters: self.counters), for: 1)
        #expect(self.broadcast("y", to: [0, 1, 2]) == 1)
        #expect(self.text(of: self.table[first]) == "xy")
        #expect(self.text(of: self.table[third]) == "x")
        #expect(self.table[other].bytes == 0)
    }

    @Test func `a lane is closed while its connection is behind, or its session has something to say`() {
        let row = self.openRow(for: 0)
        self.table.set(row, keepsUp: false, descriptor: -1)
        #expect(self.broadcast("x", to: [0]) == 0)
        self.table.set(row, keepsUp: true, descriptor: -1)
        self.table.setTakesBroadcasts(false, row)
        #expect(self.broadcast("x", to: [0]) == 0)
        self.table.setTakesBroadcasts(true, row)
        #expect(self.broadcast("x", to: [0]) == 1)
    }

    @Test func `a lane does not lead to the connection that has the row now`() {
        let old = self.openRow(for: 0)
        #expect(self.remove(old))
        #expect(!self.remove(old))
        let new = self.table.add(Owner())
        self.table.set(new, keepsUp: true, descriptor: -1)
        self.table.setTakesBroadcasts(true, new)
        #expect(self.broadcast("not yours", to: [0]) == 0)
        self.say("nor this", to: old)
        self.table.set(old, keepsUp: false, descriptor: 7)
        self.table.markDirty(old)
        #expect(self.table[new].bytes == 0)
        #expect(!self.table.hasDirty)
    }

    @Test func `the number of a member that left leads nowhere`() {
        let row = self.openRow(for: 5)
        self.lanes.forget(5)
        #expect(self.broadcast("x", to: [5]) == 0)
        #expect(self.table[row].bytes == 0)
    }

    @Test func `what all is taken of is settled, and counted`() {
        let ends = SocketEnds()
        let row = self.openRow(for: 0, descriptor: ends.near)
        #expect(self.broadcast("to all ", to: [0]) == 1)
        self.say("to you", to: row)
        #expect(self.flush().isEmpty)
        #expect(self.sent == 13)
        #expect(ends.readText() == "to all to you")
        #expect(self.table[row].bytes == 0)
        // Once: nothing is left for the next turn.
        #expect(self.flush().isEmpty)
        #expect(self.sent == 13)
    }

    @Test func `what the kernel does not take is left to the connection, which is told how much is gone`() throws {
        let ends = SocketEnds()
        let row = self.openRow(for: 0, descriptor: ends.near)
        let large = String(repeating: "z", count: 1 << 20)
        #expect(self.broadcast(large, to: [0]) == 1)
        let left = self.flush()
        let unsettled = try #require(left.first)
        #expect(left.count == 1 && self.sent == 0)
        guard case .wrote(let count) = unsettled.attempt else {
            Issue.record("\(String(describing: unsettled.attempt))")
            return
        }
        #expect(count > 0 && count < large.utf8.count)
        #expect(unsettled.output.bytes == large.utf8.count)
        #expect(self.text(of: unsettled.output) == large)
        #expect(self.table[row].bytes == 0)
    }

    @Test func `a peer that is gone is left to the connection`() {
        let ends = SocketEnds()
        ends.hangUp()
        _ = self.openRow(for: 0, descriptor: ends.near)
        #expect(self.broadcast("x", to: [0]) == 1)
        #expect(self.flush().map(\.attempt) == [.failed(errno: EPIPE)])
        #expect(self.sent == 0)
    }

    @Test func `without a descriptor nothing is written, and the connection gets what it is to write`() {
        let row = self.openRow(for: 0)
        #expect(self.broadcast("x", to: [0]) == 1)
        self.table.markDirty(row)
        let left = self.flush()
        #expect(left.map(\.attempt) == [nil])
        #expect(left.map(\.output.bytes) == [1])
    }

    @Test func `of a connection that ends within the turn nothing is written, also when its row is used again`() {
        let ends = SocketEnds()
        let row = self.openRow(for: 0, descriptor: ends.near)
        #expect(self.broadcast("too late", to: [0]) == 1)
        #expect(self.remove(row))
        let next = self.openRow(for: 1, descriptor: ends.near)
        self.say("for the next", to: next)
        _ = self.flush()
        #expect(ends.readText() == "for the next")
        #expect(self.table.count == 1)
        #expect(self.table.everyone.count == 1)
    }

    // MARK: - Many at once

    @Test func `any number of connections get theirs in one turn, whoever of them has to be asked`() {
        let ends = (0..<1_000).map { _ in SocketEnds() }
        let rows = ends.enumerated().map { index, end in
            self.openRow(for: UInt32(index), descriptor: index % 3 == 0 ? -1 : end.near)
        }
        let everyone = ContiguousArray(rows.indices.map { UInt32($0) })
        #expect(self.broadcast("to all, ", to: everyone) == 1_000)
        for (index, row) in rows.enumerated() { self.say("\(index)", to: row) }
        let left = self.flush()
        #expect(left.count == 334)
        #expect(Set(left.map { self.text(of: $0.output) }).count == 334)
        for (index, end) in ends.enumerated() {
            let expected = index % 3 == 0 ? "" : "to all, \(index)"
            #expect(end.readText() == expected)
        }
        #expect(self.flush().isEmpty)
    }

    @Test
    func `what is collected for one is not changed by what is collected for the next, though there is little room`() {
        let ends = (0..<9).map { _ in SocketEnds() }
        let half = String(repeating: "h", count: 10_000)
        for (index, end) in ends.enumerated() {
            let row = self.openRow(for: UInt32(index), descriptor: end.near)
            self.say("\(index)", to: row)
            _ = self.broadcast(half, to: [UInt32(index)])
            self.say("\(index)", to: row)
        }
        #expect(self.flush().isEmpty)
        for (index, end) in ends.enumerated() {
            #expect(end.readText() == "\(index)\(half)\(index)")
        }
    }

    @Test func `what there is no room to collect is left to the connection, and nobody else is`() {
        let ends = (0..<3).map { _ in SocketEnds() }
        let rows = ends.indices.map { self.openRow(for: UInt32($0), descriptor: ends[$0].near) }
        let large = String(repeating: "z", count: 40_000)
        for _ in 0..<2 { #expect(self.broadcast(large, to: [1]) == 1) }
        for row in [rows[0], rows[2]] {
            self.say("one ", to: row)
            self.say("two", to: row)
        }
        let left = self.flush()
        #expect(left.map(\.attempt) == [nil])
        #expect(left.map(\.output.bytes) == [80_000])
        for index in [0, 2] { #expect(ends[index].read() == Array("one two".utf8)) }
        #expect(ends[1].read().isEmpty)
    }

    @Test func `a connection that another one ends is not told of its send, nor is the next in its row`() {
        let ends = (0..<3).map { _ in SocketEnds(sendBuffer: 4_096) }
        let rows = ends.indices.map { self.openRow(for: UInt32($0), descriptor: ends[$0].near) }
        #expect(self.broadcast(String(repeating: "z", count: 1 << 20), to: [0, 1, 2]) == 3)
        var asked = 0
        let left = self.flush { _ in
            asked += 1
            guard asked == 1 else { return }
            #expect(self.remove(rows[1]) && self.remove(rows[2]))
            // In the row of one of them; it has nothing to do with what went before.
            self.table.markDirty(self.table.add(Owner()))
        }
        #expect(left.count == 2)
        #expect(left.last?.output.bytes == 0 && left.last?.attempt == nil)
    }

    @Test func `what is said after a send that was not settled follows it`() {
        let ends = (0..<2).map { _ in SocketEnds(sendBuffer: 4_096) }
        let rows = ends.indices.map { self.openRow(for: UInt32($0), descriptor: ends[$0].near) }
        let large = String(repeating: "z", count: 1 << 20)
        #expect(self.broadcast(large, to: [0, 1]) == 2)
        var texts: [String] = []
        let left = self.flush { unsettled in
            texts.append(self.text(of: unsettled.output))
            // The first has a last word for the second, which has not heard of its own send yet.
            if texts.count == 1 { self.say("last word", to: rows[1]) }
        }
        #expect(texts == [large, large, "last word"])
        #expect(left.last?.attempt == .wrote(0))
    }

    // MARK: - Bulk

    /// Appends as an event for many does.
    private func asBulk(_ body: () -> Void) {
        self.table.urgency = .bulk
        body()
        self.table.urgency = .prompt
    }

    @Test func `bulk waits for its time, and does not keep anything else waiting`() {
        let ends = (0..<600).map { _ in SocketEnds() }
        let rows = ends.indices.map { self.openRow(for: UInt32($0), descriptor: ends[$0].near) }
        self.asBulk { #expect(self.broadcast("bulk ", to: ContiguousArray(0..<600)) == 600) }
        self.say("prompt", to: rows[599])
        #expect(self.flush().isEmpty)
        // In the order in which it was said.
        #expect(ends[599].readText() == "bulk prompt")
        #expect(self.table.hasBulk && !self.table.hasDirty)
        #expect(self.table.isAwaited(rows[0]) && !self.table.isAwaited(rows[599]))
        #expect(ends[0].readText() == "")
        #expect(self.flush(bulk: 1).isEmpty)
        #expect(ends[..<SocketSender.capacity].allSatisfy { $0.readText() == "bulk " })
        #expect(ends[SocketSender.capacity].readText() == "")
        #expect(self.flush(bulk: 2).isEmpty)
        #expect(!self.table.hasBulk)
        #expect(ends[SocketSender.capacity..<599].allSatisfy { $0.readText() == "bulk " })
        #expect(ends[599].readText() == "")
    }

    @Test func `bulk for a connection that has something prompt leaves with it`() {
        let ends = SocketEnds()
        let row = self.openRow(for: 0, descriptor: ends.near)
        self.say("prompt, ", to: row)
        self.asBulk { #expect(self.broadcast("bulk", to: [0]) == 1) }
        #expect(!self.table.hasBulk)
        #expect(self.flush().isEmpty)
        #expect(ends.readText() == "prompt, bulk")
    }

    @Test func `bulk of a connection that ends is dropped, and its row is good for the next one`() {
        let (old, new) = (SocketEnds(), SocketEnds())
        let row = self.openRow(for: 0, descriptor: old.near)
        self.asBulk { #expect(self.broadcast("too late", to: [0]) == 1) }
        #expect(self.remove(row))
        let next = self.openRow(for: 1, descriptor: new.near)
        #expect(self.flush(bulk: 1).isEmpty)
        self.asBulk { #expect(self.broadcast("bulk", to: [1]) == 1) }
        #expect(self.table.isAwaited(next))
        #expect(self.flush(bulk: 1).isEmpty)
        #expect(old.readText() == "" && new.readText() == "bulk")
    }

    @Test func `a round of bulk is no longer for being of large messages`() {
        let ends = (0..<8).map { _ in SocketEnds() }
        for index in ends.indices { _ = self.openRow(for: UInt32(index), descriptor: ends[index].near) }
        let message = String(repeating: "x", count: 400_000)
        self.asBulk { #expect(self.broadcast(message, to: ContiguousArray(0..<8)) == 8) }
        // What the kernel does not take is left to the connection, whose turn it has been.
        var reached: Set<UInt32> = []
        func round() { _ = self.flush(bulk: 1) { reached.insert($0.owner.member!) } }
        func isReached(_ index: Int) -> Bool { reached.contains(UInt32(index)) || !ends[index].read().isEmpty }
        round()
        #expect((0..<8).map(isReached) == [true, true, true, false, false, false, false, false])
        round()
        #expect((3..<8).map(isReached) == [true, true, true, false, false])
        round()
        #expect((6..<8).map(isReached) == [true, true] && !self.table.hasBulk)
    }

    @Test func `bulk that its connection has to write is left to it`() {
        let row = self.openRow(for: 0)
        self.asBulk { #expect(self.broadcast("bulk", to: [0]) == 1) }
        #expect(self.flush().isEmpty)
        let left = self.flush(bulk: 1)
        #expect(left.map(\.output.bytes) == [4])
        #expect(!self.table.isAwaited(row))
        #expect(self.flush(bulk: 1).isEmpty)
    }

    @Test(arguments: UInt64(1)...10)
    func `whatever comes together, each peer reads all that it was sent, in order`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        /// A connection, and what it keeps until its peer has read more.
        struct Client {
            var ends: SocketEnds
            var row: OutputRowID
            var expected: [UInt8] = []
            var received: [UInt8] = []
            var backlog: ArraySlice<UInt8> = []
        }
        if seed % 2 == 0 { self.sender = SocketSender(refusal: .init(step: "test", errno: EPERM)) }
        var clients: [Client] = []
        for index in 0..<(10 + random.below(400)) {
            let ends = SocketEnds(sendBuffer: 4_096)
            clients.append(Client(ends: ends, row: self.openRow(for: UInt32(index), descriptor: ends.near)))
        }
        for turn in 0..<30 {
            let all = ContiguousArray(clients.indices.map { UInt32($0) })
            for _ in 0..<random.below(4) {
                let message = String(repeating: "\(turn) ", count: 1 + random.below(random.oneIn(5) ? 3_000 : 50))
                var start = 0
                self.table.urgency = random.oneIn(2) ? .bulk : .prompt
                // Over those who are behind.
                while start < all.count {
                    let end = self.broadcast(message, to: all, from: start)
                    for client in start..<end { clients[client].expected += Array(message.utf8) }
                    start = end + 1
                }
                self.table.urgency = .prompt
                let client = random.below(clients.count)
                self.say("\(client)", to: clients[client].row)
                clients[client].expected += Array("\(client)".utf8)
            }
            // Some go, and others come in their rows, while something waits in these.
            for client in clients.indices where turn < 29 && random.oneIn(50) {
                #expect(self.remove(clients[client].row))
                let ends = SocketEnds(sendBuffer: 4_096)
                let row = self.openRow(for: UInt32(client), descriptor: ends.near)
                clients[client] = Client(ends: ends, row: row)
            }
            let rounds = turn == 29 ? 1_000 : random.below(4)
            _ = self.flush(bulk: rounds) { unsettled in
                let client = Int(unsettled.owner.member!)
                let bytes = self.arena.buffers(of: unsettled.output.list).flatMap { Array($0.readableBytesView) }
                var taken = 0
                if case .wrote(let count)? = unsettled.attempt { taken = count }
                clients[client].backlog += bytes[taken...]
                self.table.set(clients[client].row, keepsUp: false, descriptor: -1)
            }
            if !self.table.hasBulk {
                self.table.endTurn()
                self.arena.removeAll()
            }
            for client in clients.indices where turn == 29 || random.oneIn(2) {
                clients[client].received += clients[client].ends.read()
                while !clients[client].backlog.isEmpty {
                    let backlog = Array(clients[client].backlog)
                    let outcome = backlog.withUnsafeBytes { DirectWriter.offer($0, to: clients[client].ends.near) }
                    guard case .wrote(let count) = outcome, count > 0 else { break }
                    clients[client].backlog.removeFirst(count)
                    clients[client].received += clients[client].ends.read()
                }
                if clients[client].backlog.isEmpty {
                    self.table.set(clients[client].row, keepsUp: true, descriptor: clients[client].ends.near)
                }
            }
        }
        for client in clients { #expect(client.received == client.expected) }
    }
}

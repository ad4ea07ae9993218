import Glibc
import NIOCore
import Testing

@testable import Gateway

/// Stands for a connection.
private final class Owner {}

@Suite final class OutputTableTests {
    private var table = OutputTable<Owner>()
    private var arena = OutputArena()
    private var lanes = BroadcastLanes()
    private let counters = EndpointCounters()
    private let kind = BroadcastLane.Kind(dialect: .socketIO, endpoint: 0)

    /// A connection that keeps up, with a lane for `member`.
    private func openRow(for member: UInt32, descriptor: CInt = -1) -> OutputRowID {
        let row = self.table.add(Owner())
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

    /// Returns what a flush leaves to the connections.
    private func flush() -> [OutputTable<Owner>.Unsettled] {
        let gather = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 1)
        defer { gather.deallocate() }
        var left: [OutputTable<Owner>.Unsettled] = []
        var index = 0
        while let unsettled = self.table.flush(from: &index, self.arena, gather: gather, sent: &self.sent) {
            left.append(unsettled)
        }
        self.table.endTurn()
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

    @Test func `what all is taken of is settled, and counted`() throws {
        let (near, far) = try Self.pair()
        defer { Self.close(near, far) }
        let row = self.openRow(for: 0, descriptor: near)
        #expect(self.broadcast("to all ", to: [0]) == 1)
        self.say("to you", to: row)
        #expect(self.flush().isEmpty)
        #expect(self.sent == 13)
        #expect(Self.read(far) == "to all to you")
        #expect(self.table[row].bytes == 0)
        // Once: nothing is left for the next turn.
        #expect(self.flush().isEmpty)
        #expect(self.sent == 13)
    }

    @Test func `what the kernel does not take is left to the connection, which is told how much is gone`() throws {
        let (near, far) = try Self.pair()
        defer { Self.close(near, far) }
        let row = self.openRow(for: 0, descriptor: near)
        let large = String(repeating: "z", count: 1 << 20)
        #expect(self.broadcast(large, to: [0]) == 1)
        let left = self.flush()
        let unsettled = try #require(left.first)
        #expect(left.count == 1 && self.sent == 0)
        guard case .wrote(let count) = unsettled.attempt else { throw Surprise() }
        #expect(count > 0 && count < large.utf8.count)
        #expect(unsettled.output.bytes == large.utf8.count)
        #expect(self.text(of: unsettled.output) == large)
        #expect(self.table[row].bytes == 0)
    }

    @Test func `a peer that is gone is left to the connection`() throws {
        let (near, far) = try Self.pair()
        Self.close(far)
        defer { Self.close(near) }
        _ = self.openRow(for: 0, descriptor: near)
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

    @Test func `of a connection that ends within the turn nothing is written, also when its row is used again`() throws
    {
        let (near, far) = try Self.pair()
        defer { Self.close(near, far) }
        let row = self.openRow(for: 0, descriptor: near)
        #expect(self.broadcast("too late", to: [0]) == 1)
        #expect(self.remove(row))
        let next = self.openRow(for: 1, descriptor: near)
        self.say("for the next", to: next)
        _ = self.flush()
        #expect(Self.read(far) == "for the next")
        #expect(self.table.count == 1)
        #expect(self.table.everyone.count == 1)
    }

    // MARK: - Descriptors

    private struct Surprise: Error {}

    private static func pair() throws -> (CInt, CInt) {
        var ends: [CInt] = [0, 0]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0 else { throw Surprise() }
        return (ends[0], ends[1])
    }

    private static func close(_ descriptors: CInt...) {
        for descriptor in descriptors { Glibc.close(descriptor) }
    }

    private static func read(_ descriptor: CInt) -> String {
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = recv(descriptor, &bytes, bytes.count, CInt(MSG_DONTWAIT))
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}

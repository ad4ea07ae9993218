import Testing

@testable import Bus

@Suite struct RecoveryTests {
    private static let start = ContinuousClock.now

    /// A log that is filled in as a sentence: what, for whom; each line has the next number.
    private struct Log {
        var history: History<Int>
        var head: UInt64 = 0

        init(_ limits: HistoryLimits = .wide) { history = History(limits: limits) }

        @discardableResult
        mutating func event(_ target: Target, asksAck: Bool = false, bytes: Int = 0) -> UInt64 {
            append(.event(Int(head + 1), asksAck: asksAck), target, bytes)
        }

        @discardableResult
        mutating func change(_ change: SessionChange, _ target: Target) -> UInt64 {
            append(.change(change), target, 0)
        }

        private mutating func append(_ content: HistoryEntry<Int>.Content, _ target: Target, _ bytes: Int) -> UInt64 {
            head += 1
            history.append(content, for: target, bytes: bytes, sequence: head, now: RecoveryTests.start)
            return head
        }

        /// The numbers that are replayed, or why not.
        func recover(_ record: SessionRecord, from sequence: UInt64?) -> Result<[UInt64], RecoveryRefusal> {
            do throws(RecoveryRefusal) {
                let found = try history.recover(record, from: sequence, head: head, maxRooms: 1_000)
                return .success(found.events.map(\.sequence))
            } catch {
                return .failure(error)
            }
        }
    }

    private func record(
        _ rooms: [String: UInt64] = [:], since: UInt64 = 0, position: UInt64? = nil, sent: UInt64? = nil,
        unanswered: [UInt64] = []
    ) -> SessionRecord {
        var stays = RoomStays()
        for (room, sequence) in rooms { stays.join(room, at: sequence) }
        return SessionRecord(
            socketID: "me", user: "u", since: since, position: position, sent: sent, stays: stays,
            unanswered: unanswered)
    }

    @Test func `everything that was for it is replayed once and in order`() {
        var log = Log()
        log.event(.init(rooms: ["a", "b"]))
        log.event(.init(rooms: ["c"]))
        log.event(.init(users: ["u"]))
        log.event(.init(users: ["v"], sockets: ["me"]))
        log.event(.init(all: true))
        log.event(.init(rooms: ["me", "b"], users: ["u"], sockets: ["me"]))
        #expect(log.recover(record(["a": 0, "b": 0]), from: nil) == .success([1, 3, 4, 5, 6]))
        #expect(log.recover(record(["a": 0, "b": 0], sent: 3), from: 1) == .success([3, 4, 5, 6]))
    }

    @Test func `who was left out then is left out now`() {
        var log = Log()
        log.event(.init(all: true, except: .init(sockets: ["me"])))
        log.event(.init(all: true, except: .init(users: ["u"])))
        log.event(.init(rooms: ["a"], except: .init(rooms: ["b"])))
        log.event(.init(all: true, except: .init(rooms: ["me"])))
        log.event(.init(all: true, except: .init(rooms: ["c"])))
        #expect(log.recover(record(["a": 0, "b": 0]), from: nil) == .success([5]))
        #expect(log.recover(record(["a": 0, "b": 3]), from: nil) == .success([3, 5]))
    }

    @Test func `an event from before the join is not for it, one from before the leave is`() {
        var log = Log()
        for _ in 1...6 { log.event(.init(rooms: ["a"])) }
        var session = record(["a": 2], position: 6, sent: 6)
        session.stays.leave("a", at: 4)
        #expect(log.recover(session, from: 0) == .success([3, 4]))
        session.stays.join("a", at: 5)
        #expect(log.recover(session, from: 0) == .success([3, 4, 6]))
    }

    @Test func `rooms that changed while it was away count from then on`() throws {
        var log = Log()
        log.event(.init(rooms: ["a"]))
        log.event(.init(rooms: ["b"]))
        log.change(.join(rooms: ["b", "c"]), .init(rooms: ["a"]))
        log.event(.init(rooms: ["b"]))
        log.change(.leave(rooms: ["a"]), .init(rooms: ["c"]))
        log.event(.init(rooms: ["a"]))
        log.change(.join(rooms: ["d"]), .init(rooms: ["a"]))
        log.change(.state(set: [("k", [0x31])], unset: []), .socket("me"))
        log.event(.init(rooms: ["d"]))
        log.event(.init(rooms: ["c"]))
        let found = try log.history.recover(record(["a": 0]), from: nil, head: log.head, maxRooms: 1_000)
        #expect(found.events.map(\.sequence) == [1, 4, 10])
        #expect(Set(found.record.stays.rooms) == ["b", "c"] && found.stateChanges.count == 1)
        #expect(found.record.position == 10 && found.record.sent == 10)
    }

    @Test func `changes that were applied before it went are not applied again`() throws {
        var log = Log()
        log.change(.state(set: [("k", [0x31])], unset: []), .init(all: true))
        log.change(.leave(rooms: ["a"]), .init(all: true))
        log.event(.init(rooms: ["a"]))
        let found = try log.history.recover(
            record(["a": 2], position: 2), from: nil, head: log.head, maxRooms: 1_000)
        #expect(found.events.map(\.sequence) == [3] && found.stateChanges.isEmpty)
    }

    @Test func `it is put into no more rooms than a socket may be in`() throws {
        var log = Log()
        log.change(.join(rooms: ["b", "c"]), .init(all: true))
        let found = try log.history.recover(record(["a": 0]), from: nil, head: log.head, maxRooms: 2)
        #expect(Set(found.record.stays.rooms) == ["a", "b"])
    }

    @Test func `a disconnect while it was away ends it`() {
        var log = Log()
        log.event(.init(all: true))
        log.change(.end, .init(users: ["v"]))
        #expect(log.recover(record(), from: nil) == .success([1]))
        log.change(.end, .init(users: ["u"]))
        #expect(log.recover(record(), from: nil) == .failure(.ended))
    }

    @Test func `S17 an offset that was never sent is refused`() {
        var log = Log()
        for _ in 1...5 { log.event(.init(rooms: ["other"])) }
        let session = record(since: 2, position: 4, sent: 3)
        #expect(log.recover(session, from: 4) == .failure(.invalidOffset))
        #expect(log.recover(session, from: .max) == .failure(.invalidOffset))
        #expect(log.recover(session, from: 3) == .success([]))
        // Left over from an earlier session of the client.
        #expect(log.recover(session, from: 1) == .success([]))
        #expect(log.recover(session, from: 0) == .success([]))
    }

    @Test func `it is told when the log does not reach back far enough`() {
        var log = Log(.wide.with { $0.maxEntries = 3 })
        for _ in 1...6 { log.event(.init(rooms: ["other"])) }
        #expect(log.history.floor == 3)
        #expect(log.recover(record(position: 2, sent: 2), from: 2) == .failure(.incomplete))
        #expect(log.recover(record(position: 6, sent: 5), from: 2) == .failure(.incomplete))
        #expect(log.recover(record(position: 3, sent: 3), from: 3) == .success([]))
    }

    @Test func `a quiet client recovers, however long ago its last event was`() {
        var log = Log(.wide.with { $0.maxEntries = 3 })
        for _ in 1...9 { log.event(.init(rooms: ["other"])) }
        log.event(.init(rooms: ["a"]))
        // It got everything up to 9, of which 2 was the last that was for it.
        #expect(log.recover(record(["a": 0], position: 9, sent: 2), from: 2) == .success([10]))
        #expect(log.recover(record(["a": 0], position: 9), from: nil) == .success([10]))
        #expect(log.recover(record(["a": 0], position: 9, sent: 2), from: 1) == .failure(.incomplete))
    }

    @Test func `too much is too much, in events and in bytes`() {
        var log = Log(.wide.with { $0.maxReplay = 10 })
        for _ in 1...10 { log.event(.init(all: true)) }
        #expect(log.recover(record(), from: nil) == .success(Array(1...10)))
        log.event(.init(all: true))
        #expect(log.recover(record(), from: nil) == .failure(.tooMuch))
        var large = Log(.wide.with { $0.maxReplayBytes = 3_000 })
        large.event(.init(all: true), bytes: 2_000)
        #expect(large.recover(record(), from: nil) == .success([1]))
        large.event(.init(all: true), bytes: 2_000)
        #expect(large.recover(record(), from: nil) == .failure(.tooMuch))
    }

    @Test func `requests are asked again unless they were answered`() throws {
        var log = Log()
        log.event(.init(all: true))
        log.event(.init(all: true), asksAck: true)
        log.event(.init(all: true), asksAck: true)
        log.event(.init(all: true), asksAck: true)
        let session = record(position: 3, sent: 1, unanswered: [3])
        let found = try log.history.recover(session, from: 1, head: log.head, maxRooms: 1_000)
        #expect(found.events.map(\.sequence) == [3, 4])
        #expect(found.record.unanswered == [] && found.record.sent == 1)
    }

    @Test func `a request that the client has seen may still be answered`() throws {
        var log = Log()
        log.event(.init(all: true), asksAck: true)
        log.event(.init(all: true))
        let session = record(position: 2, sent: 2, unanswered: [1])
        let found = try log.history.recover(session, from: 2, head: log.head, maxRooms: 1_000)
        #expect(found.events.isEmpty && found.record.unanswered == [1])
    }

    @Test func `a request that may be lost and is not in the log any more is a hole`() {
        var log = Log(.wide.with { $0.maxEntries = 1 })
        log.event(.init(all: true), asksAck: true)
        log.event(.init(rooms: ["other"]))
        #expect(log.recover(record(position: 2, unanswered: [1]), from: nil) == .failure(.incomplete))
        #expect(log.recover(record(position: 2), from: nil) == .success([]))
    }

    @Test func `joining again and again costs no more than the log is long`() {
        var log = Log(
            .wide.with {
                $0.maxReplay = 100_000; $0.maxReplayBytes = .max
            })
        for _ in 0..<1_000 {
            log.change(.join(rooms: ["a"]), .socket("me"))
            log.event(.init(rooms: ["a"]))
            log.change(.leave(rooms: ["a"]), .socket("me"))
        }
        var found: Result<[UInt64], RecoveryRefusal> = .success([])
        let elapsed = ContinuousClock().measure { found = log.recover(record(), from: nil) }
        #expect((try? found.get())?.count == 1_000 && elapsed < .seconds(2))
    }
}

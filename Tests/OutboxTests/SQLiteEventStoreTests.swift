import Foundation
import Testing

@testable import Outbox

@Suite struct SQLiteEventStoreTests {
    @Test func `events are read back as they were stored, in order`() throws {
        let scratch = try Scratch()
        let store = try OutboxFile.open(scratch.path, now: 0).store
        var events = (1...7).map { NewEvent.sample($0, lane: "socket:\($0 % 2)") }
        events[2].head = []
        events[3].tail = [0, 0xff, 0x22]
        let stored = try store.store(events)
        #expect(stored.map(\.position) == Array(1...7))
        #expect(stored.map(\.sequence) == [1, 1, 2, 2, 3, 3, 4])
        let loaded = try store.load(handler: "app", lane: nil, after: 0, limit: 100, bytes: 1 << 20)
        #expect(loaded.events == stored && loaded.isEnd && loaded.damaged.isEmpty)
        #expect(try store.ids(lane: "socket:1") == ["evt_1", "evt_3", "evt_5", "evt_7"])
        #expect(try store.ids("other") == [])
        #expect(try store.census() == Census(pending: ["app": 7], dead: 0))
        #expect(try store.oldest() == 1_001)
        store.close()
    }

    @Test func `lanes go on counting after a restart, and per handler`() throws {
        let scratch = try Scratch()
        for round in 0..<3 {
            let store = try OutboxFile.open(scratch.path, now: 0).store
            let stored = try store.store([.sample(1), .sample(2), .sample(3, handler: "other")])
            #expect(stored.map(\.sequence) == [1, 2, 1].map { $0 + UInt64(round) * ($0 == 3 ? 1 : 2) } || round > 0)
            #expect(stored[0].sequence == UInt64(round * 2 + 1) && stored[2].sequence == UInt64(round + 1))
            #expect(!stored[0].isRedelivered)
            try store.begin()
            for event in stored { try store.remove(event.position) }
            try store.commit()
            store.close()
        }
    }

    @Test func `what is rolled back has taken no number`() throws {
        let scratch = try Scratch()
        let store = try OutboxFile.open(scratch.path, now: 0).store
        try store.store([.sample(1)])
        try store.begin()
        #expect(try store.append(.sample(2)).sequence == 2)
        store.rollback()
        let stored = try store.store([.sample(3)])
        #expect(stored.map(\.sequence) == [2] && stored.map(\.position) == [2])
        store.close()
    }

    @Test func `events of an earlier process may have been delivered`() throws {
        let scratch = try Scratch()
        var store = try OutboxFile.open(scratch.path, now: 0).store
        let first = try store.store([.sample(1)])
        try store.begin()
        try store.attempted(first[0].position, attempts: 3, notBefore: 99)
        try store.commit()
        store.close()
        store = try OutboxFile.open(scratch.path, now: 0).store
        try store.store([.sample(2)])
        let loaded = try store.load(handler: "app", lane: nil, after: 0, limit: 9, bytes: 1 << 20).events
        #expect(loaded.map(\.isRedelivered) == [true, false])
        #expect(loaded.map(\.attempts) == [3, 0] && loaded.map(\.notBefore) == [99, 0])
        store.close()
    }

    @Test func `a forgotten lane begins again, unless it has events`() throws {
        let scratch = try Scratch()
        let store = try OutboxFile.open(scratch.path, now: 0).store
        let stored = try store.store([.sample(1), .sample(2, lane: "socket:T")])
        try store.begin()
        try store.remove(stored[0].position)
        try store.forget(lane: "socket:S", of: "app")
        try store.forget(lane: "socket:T", of: "app")
        try store.commit()
        #expect(try store.store([.sample(3), .sample(4, lane: "socket:T")]).map(\.sequence) == [1, 2])
        try store.begin()
        try store.forgetLanes(unusedSince: 1 << 40)
        try store.commit()
        #expect(try store.store([.sample(5), .sample(6, lane: "socket:T")]).map(\.sequence) == [2, 3])
        store.close()
    }

    @Test func `dead letters come back with id and number, by their first place`() throws {
        let scratch = try Scratch()
        var store = try OutboxFile.open(scratch.path, now: 0).store
        let stored = try store.store((1...4).map { .sample($0) })
        let death = Death(
            reason: "rejected", attempts: 2, status: 400, problem: "status 400",
            response: [UInt8](repeating: 7, count: 9_000), time: 50)
        try store.begin()
        for event in stored { try store.bury(event.position, death) }
        try store.commit()
        #expect(try store.ids() == [])
        let letters = try store.deadLetters(handler: nil, after: 0, limit: 3)
        #expect(letters.map(\.stored.event.id) == ["evt_1", "evt_2", "evt_3"])
        #expect(letters[0].death.status == 400)
        // Only one that is asked for by its name comes with what may be large.
        #expect(letters.allSatisfy { $0.stored.event.head + $0.stored.event.tail + $0.death.response == [] })
        let whole = try store.deadLetter(id: "evt_1")
        #expect(whole?.stored.event == stored[0].event && whole?.death.response.count == 4_096)
        #expect(try store.deadLetters(handler: "app", after: letters[2].origin, limit: 3).map(\.origin) == [4])
        #expect(try store.deadLetters(handler: "other", after: 0, limit: 3).isEmpty)
        // The first one is sent again and dies again: it stays the first.
        try store.begin()
        #expect(try store.replay(.id("evt_1"), limit: 10, diedBy: 49, now: 60) == [:])
        #expect(try store.replay(.id("evt_1"), limit: 10, diedBy: 50, now: 60) == ["app": 1])
        try store.commit()
        let again = try store.load(handler: "app", lane: nil, after: 0, limit: 9, bytes: 1 << 20).events
        #expect(again.map(\.position) == [5] && again.map(\.sequence) == [1] && again[0].isRedelivered)
        #expect(again[0].since == 60 && again[0].attempts == 0 && again[0].event == stored[0].event)
        try store.begin()
        try store.bury(5, death)
        try store.commit()
        store.close()
        store = try OutboxFile.open(scratch.path, now: 0).store
        try store.begin()
        #expect(try store.replay(.all, limit: 3, diedBy: 50, now: 60) == ["app": 3])
        #expect(try store.drop(.handler("app"), limit: 10) == 1)
        try store.commit()
        #expect(try store.ids() == ["evt_1", "evt_2", "evt_3"])
        #expect(try store.store([.sample(9)]).map(\.position) == [9])
        #expect(try store.deadLetter(id: "evt_4") == nil)
        store.close()
    }

    @Test func `removed events make room`() throws {
        let scratch = try Scratch()
        let store = try OutboxFile.open(scratch.path, now: 0).store
        let empty = try store.usedBytes()
        let stored = try store.store((1...50).map { .sample($0, length: 10_000) })
        #expect(try store.usedBytes() > empty + 500_000)
        try store.begin()
        for event in stored { try store.remove(event.position) }
        try store.commit()
        #expect(try store.usedBytes() < empty + 100_000)
        store.close()
    }
}

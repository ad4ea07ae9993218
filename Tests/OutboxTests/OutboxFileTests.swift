import Foundation
import Testing

@testable import Outbox

@Suite struct OutboxFileTests {
    @Test func `a new file is nobody else's to read, and only one process has it`() throws {
        let scratch = try Scratch()
        let first = try OutboxFile.open(scratch.path, now: 0)
        let mode = try FileManager.default.attributesOfItem(atPath: scratch.path)[.posixPermissions] as? Int
        #expect(mode == 0o600 && first.damage == nil)
        #expect(throws: StoreError.inUse(path: scratch.path)) { try OutboxFile.open(scratch.path, now: 0) }
        first.store.close()
        try OutboxFile.open(scratch.path, now: 0).store.close()
    }

    @Test func `a directory that is not there is named`() throws {
        let scratch = try Scratch()
        let path = scratch.url.appendingPathComponent("no/outbox.db").path
        let error = #expect(throws: StoreError.self) { try OutboxFile.open(path, now: 0) }
        #expect(error?.description.contains("/no does not exist") == true)
    }

    @Test func `a file of something else is left alone`() throws {
        let scratch = try Scratch()
        let database = try Database(path: scratch.path)
        try database.execute("CREATE TABLE t(a)")
        database.close()
        #expect(throws: StoreError.self) { try OutboxFile.open(scratch.path, now: 0) }
        let again = try Database(path: scratch.path)
        #expect(try again.text("SELECT name FROM sqlite_master") == "t")
        again.close()
        #expect(try !scratch.names().contains { $0.contains("corrupt") })
    }

    @Test func `B8 a log that ends anywhere loses only what was not committed yet`() throws {
        let scratch = try Scratch()
        // The tables first, so that the log has nothing but events.
        try OutboxFile.open(scratch.path, now: 0).store.close()
        let store = try OutboxFile.open(scratch.path, now: 0).store
        let log = scratch.path + "-wal"
        var ends: [Int] = []
        for number in 1...6 {
            try store.store([.sample(number, lane: "socket:\(number % 3)", length: 900)])
            ends.append(try Data(contentsOf: URL(fileURLWithPath: log)).count)
        }
        let file = try Data(contentsOf: URL(fileURLWithPath: scratch.path))
        let whole = try Data(contentsOf: URL(fileURLWithPath: log))
        #expect(ends.last == whole.count)
        for length in stride(from: 0, through: whole.count, by: 512) {
            let copy = try Scratch()
            try file.write(to: URL(fileURLWithPath: copy.path))
            try whole.prefix(length).write(to: URL(fileURLWithPath: copy.path + "-wal"))
            let opened = try OutboxFile.open(copy.path, now: 0)
            let committed = ends.count { $0 <= length }
            #expect(try opened.store.ids() == (0..<committed).map { "evt_\($0 + 1)" }, "cut at \(length)")
            #expect(opened.damage == nil)
            opened.store.close()
        }
        store.close()
    }

    /// Whatever happens to a byte, an event is delivered as it was stored or not at all, and what is lost is told.
    @Test(arguments: [UInt8(0xff), 0x01])
    func `B8 a flipped byte is noticed, and nothing is deleted`(flip: UInt8) throws {
        let scratch = try Scratch()
        let store = try OutboxFile.open(scratch.path, now: 0).store
        let stored = try store.store((1...12).map { .sample($0, lane: "socket:\($0 % 3)", length: 700) })
        store.close()
        let whole = try Data(contentsOf: URL(fileURLWithPath: scratch.path))
        for offset in stride(from: Int(flip), to: whole.count, by: 512) {
            let copy = try Scratch()
            var damaged = whole
            damaged[offset] ^= flip
            try damaged.write(to: URL(fileURLWithPath: copy.path))
            try verify(copy, damaged, stored, "byte \(offset)")
        }
    }

    @Test func `B8 a file that was cut off anywhere is noticed, and nothing is deleted`() throws {
        let scratch = try Scratch()
        let store = try OutboxFile.open(scratch.path, now: 0).store
        let stored = try store.store((1...12).map { .sample($0, lane: "socket:\($0 % 3)", length: 700) })
        store.close()
        let whole = try Data(contentsOf: URL(fileURLWithPath: scratch.path))
        for length in stride(from: 512, to: whole.count, by: 512) {
            let copy = try Scratch()
            let rest = whole.prefix(length)
            try rest.write(to: URL(fileURLWithPath: copy.path))
            try verify(copy, rest, stored, "cut at \(length)")
        }
    }

    /// What SQLite would take for the torn end of the log, and write over.
    @Test func `B8 a flipped byte in the middle of the log is told, and what lies behind it is kept`() throws {
        let scratch = try Scratch()
        try OutboxFile.open(scratch.path, now: 0).store.close()
        let store = try OutboxFile.open(scratch.path, now: 0).store
        let log = scratch.path + "-wal"
        var ends = [LogFrames.headLength]
        for number in 1...8 {
            try store.store([.sample(number, lane: "socket:\(number % 3)", length: 900)])
            ends.append(try Data(contentsOf: URL(fileURLWithPath: log)).count)
        }
        let file = try Data(contentsOf: URL(fileURLWithPath: scratch.path))
        let whole = try Data(contentsOf: URL(fileURLWithPath: log))
        let frameLength = LogFrames.frameHeadLength + LogFrames.usualPageSize
        for offset in stride(from: 3, to: whole.count, by: 509) {
            let copy = try Scratch()
            var damaged = whole
            damaged[offset] ^= 0x20
            try file.write(to: URL(fileURLWithPath: copy.path))
            try damaged.write(to: URL(fileURLWithPath: copy.path + "-wal"))
            let opened = try OutboxFile.open(copy.path, now: 5)
            defer { opened.store.close() }
            // Those of transactions that were committed before the wrong byte.
            let reached = ends.dropFirst().count { $0 <= offset }
            #expect(try opened.store.ids() == (0..<reached).map { "evt_\($0 + 1)" }, "byte \(offset)")
            // Only the last transaction may be one that was never acked, and the head of a frame says which is the last.
            let isInFrameHead = offset >= ends[0] && (offset - ends[0]) % frameLength < LogFrames.frameHeadLength
            let limit = isInFrameHead ? ends[6] : ends[7]
            guard offset < limit else { continue }
            let damage = try #require(opened.damage, "byte \(offset)")
            #expect(damage.isIncomplete && damage.salvaged == reached, "byte \(offset)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: damage.quarantine + "-wal")) == damaged, "byte \(offset)")
        }
        store.close()
    }

    private func verify(_ copy: Scratch, _ damaged: Data, _ stored: [StoredEvent], _ what: String) throws {
        let opened: OutboxFile.Opened
        do {
            opened = try OutboxFile.open(copy.path, now: 5)
        } catch {
            // The marks that tell whose file it is are gone: it is left as it is.
            guard case .foreign = error else {
                Issue.record("\(what): \(error)")
                return
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: copy.path)).count == damaged.count, "\(what)")
            return
        }
        defer { opened.store.close() }
        let loaded = try opened.store.load(handler: "app", lane: nil, after: 0, limit: 99, bytes: 1 << 20)
        let originals = Dictionary(uniqueKeysWithValues: stored.map { ($0.event.id, $0) })
        for event in loaded.events {
            #expect(originals[event.event.id]?.event == event.event, "\(what)")
            #expect(originals[event.event.id]?.sequence == event.sequence, "\(what)")
        }
        let ids = loaded.events.map(\.event.id)
        #expect(ids == stored.map(\.event.id).filter { ids.contains($0) }, "\(what): not in order")
        if let damage = opened.damage {
            #expect(try Data(contentsOf: URL(fileURLWithPath: damage.quarantine)) == damaged, "\(what)")
            #expect(damage.salvaged == ids.count, "\(what)")
        } else {
            #expect(ids.count + loaded.damaged.count == stored.count, "\(what)")
        }
        // And it goes on.
        #expect(try opened.store.store([.sample(99, lane: "new")]).count == 1, "\(what)")
    }
}

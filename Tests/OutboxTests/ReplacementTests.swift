import Foundation
import Testing

@testable import Outbox

@Suite struct ReplacementTests {
    /// What a process that was killed has left: a file with most events, a log with the last ones, a damaged page.
    private func damaged(events: Int = 60, length: Int = 3_000) throws -> (Scratch, [String]) {
        let life = try Scratch()
        let store = try OutboxFile.open(life.path, now: 0).store
        let ids = try store.store((1...events).map { .sample($0, lane: "socket:\($0 % 3)", length: length) })
            .map(\.event.id)
        store.close()
        let again = try OutboxFile.open(life.path, now: 0).store
        try again.store([.sample(events + 1, length: length)])
        let scratch = try Scratch()
        var content = try Data(contentsOf: URL(fileURLWithPath: life.path))
        // A leaf of the table (13) that holds events, near the end of them.
        let leaves = stride(from: 4_096, to: content.count, by: 4_096).filter {
            content[$0] == 13 && content[$0..<$0 + 4_096].range(of: Data("evt_".utf8)) != nil
        }
        let leaf = try #require(leaves.dropLast(3).last)
        content.replaceSubrange(leaf..<leaf + 64, with: Data(repeating: 0xff, count: 64))
        try content.write(to: URL(fileURLWithPath: scratch.path))
        try FileManager.default.copyItem(atPath: life.path + "-wal", toPath: scratch.path + "-wal")
        again.close()
        return (scratch, ids + ["evt_\(events + 1)"])
    }

    private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

    @Test func `a damaged file and its log stay as they are, byte for byte, and lie aside in the end`() throws {
        let (scratch, ids) = try damaged()
        let (file, log) = (try bytes(scratch.path), try bytes(scratch.path + "-wal"))
        let opened = try OutboxFile.open(scratch.path, now: 7)
        defer { opened.store.close() }
        let damage = try #require(opened.damage)
        #expect(damage.isIncomplete && damage.quarantine == scratch.path + ".corrupt-7")
        #expect(try bytes(damage.quarantine) == file && bytes(damage.quarantine + "-wal") == log)
        let saved = try opened.store.ids()
        #expect(saved.count == damage.salvaged && saved.count >= ids.count - 4 && saved.last == ids.last)
        #expect(try !scratch.names().contains { $0.contains(".new") || $0.contains(".salvaged") })
    }

    @Test(arguments: 0...6)
    func `a start that is killed between any two steps loses nothing`(steps: Int) throws {
        let (scratch, _) = try damaged()
        let (control, _) = try damaged()
        let undisturbed = try OutboxFile.open(control.path, now: 7)
        let saved = try undisturbed.store.ids()
        undisturbed.store.close()
        let (file, log) = (try bytes(scratch.path), try bytes(scratch.path + "-wal"))

        let replacement = Replacement(path: scratch.path)
        _ = try replacement.build()
        let moves = replacement.moves("5")
        #expect(moves.count == 6)
        for move in moves.prefix(steps) { try replacement.carryOut(move) }

        let opened = try OutboxFile.open(scratch.path, now: 7)
        #expect(try opened.store.ids() == saved)
        let quarantine = scratch.path + (steps == 0 ? ".corrupt-7" : ".corrupt-5")
        #expect(try bytes(quarantine) == file && bytes(quarantine + "-wal") == log)
        // An operator is told, unless it was over.
        #expect(opened.damage?.quarantine == (steps == 6 ? nil : quarantine))
        #expect(try !scratch.names().contains { $0.contains(".new") || $0.contains(".salvaged") })
        try opened.store.store([.sample(99, lane: "new")])
        opened.store.close()
        let again = try OutboxFile.open(scratch.path, now: 8)
        #expect(try again.damage == nil && again.store.ids() == saved + ["evt_99"])
        again.store.close()
    }

    @Test func `what a killed start has begun is thrown away`() throws {
        let (scratch, _) = try damaged()
        for suffix in ["", "-wal", "-journal"] {
            try Data("half a file".utf8).write(to: scratch.url.appendingPathComponent("outbox.db.new\(suffix)"))
        }
        let opened = try OutboxFile.open(scratch.path, now: 7)
        #expect(try opened.damage?.salvaged == opened.store.ids().count)
        #expect(try !scratch.names().contains { $0.contains(".new") })
        opened.store.close()
    }

    @Test func `a new file that cannot be made leaves everything as it was, in one line`() throws {
        let (scratch, _) = try damaged()
        let before = try scratch.names()
        let (file, log) = (try bytes(scratch.path), try bytes(scratch.path + "-wal"))
        // Nobody, root neither, makes a file where a directory is.
        let obstacle = scratch.url.appendingPathComponent("outbox.db.new")
        try FileManager.default.createDirectory(at: obstacle, withIntermediateDirectories: false)
        for _ in 0..<2 {
            let error = #expect(throws: StoreError.self) { try OutboxFile.open(scratch.path, now: 7) }
            let line = error?.description ?? ""
            #expect(line.contains("is damaged") && line.contains("cannot be taken over: Is a directory"))
            #expect(!line.contains("\n") && !line.contains("Error Domain"))
            #expect(try bytes(scratch.path) == file && bytes(scratch.path + "-wal") == log)
        }
        try FileManager.default.removeItem(at: obstacle)
        #expect(Set(try scratch.names()).subtracting(before) == ["outbox.db.lock"])
        let opened = try OutboxFile.open(scratch.path, now: 7)
        #expect(try opened.damage?.salvaged == opened.store.ids().count)
        opened.store.close()
    }

    @Test func `what somebody made anew meanwhile is not overwritten`() throws {
        let (scratch, _) = try damaged()
        let replacement = Replacement(path: scratch.path)
        _ = try replacement.build()
        for move in replacement.moves("5").prefix(5) { try replacement.carryOut(move) }
        try Data("anew".utf8).write(to: URL(fileURLWithPath: scratch.path))
        #expect(throws: StoreError.self) { try OutboxFile.open(scratch.path, now: 7) }
        #expect(try bytes(scratch.path) == Data("anew".utf8))
        #expect(try replacement.finishable() == "5")
    }

    @Test func `a log whose file is empty is put aside, not deleted`() throws {
        let (scratch, _) = try damaged()
        let log = try bytes(scratch.path + "-wal")
        try Data().write(to: URL(fileURLWithPath: scratch.path))
        let opened = try OutboxFile.open(scratch.path, now: 7)
        #expect(opened.damage?.salvaged == 0 && opened.damage?.isIncomplete == true)
        #expect(try bytes(scratch.path + ".corrupt-7-wal") == log)
        opened.store.close()
    }
}

extension Replacement {
    fileprivate func finishable() throws -> String? {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent()
        return try FileManager.default.contentsOfDirectory(atPath: directory.path)
            .first { $0.hasPrefix("outbox.db.salvaged-") }.map { String($0.dropFirst(19)) }
    }
}

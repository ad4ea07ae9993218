import Foundation
import Testing

@testable import Outbox

@Suite struct FileOriginTests {
    /// Opening fails, with one line, and leaves nothing but what was there.
    private func isLeftAlone(_ content: Data, _ words: String, log: Data? = nil) throws {
        let scratch = try Scratch()
        try content.write(to: URL(fileURLWithPath: scratch.path))
        try log?.write(to: URL(fileURLWithPath: scratch.path + "-wal"))
        let names = try scratch.names()
        let error = #expect(throws: StoreError.self) { try OutboxFile.open(scratch.path, now: 5) }
        let line = error?.description ?? ""
        #expect(line.contains(words) && line.contains("outbox.path") && !line.contains("\n"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.path)) == content)
        #expect(try scratch.names().filter { !$0.hasSuffix(".lock") } == names)
    }

    @Test(arguments: ["{\"listeners\":[]}\n", "-----BEGIN PRIVATE KEY-----\n", "SQLite format 4", "x"])
    func `a file that is no database is neither moved nor changed`(text: String) throws {
        try isLeftAlone(Data(text.utf8), "is no outbox")
        try isLeftAlone(Data(String(repeating: text, count: 4_000).utf8), "is no outbox")
    }

    @Test func `a text that speaks of the table is no outbox`() throws {
        try isLeftAlone(Data(("-- " + SQLiteEventStore.eventsDeclaration).utf8), "is no outbox")
    }

    @Test func `a damaged database of something else is neither moved nor changed`() throws {
        let scratch = try Scratch()
        let database = try Database(path: scratch.path)
        try database.execute("CREATE TABLE t(a); INSERT INTO t VALUES(zeroblob(9000))")
        database.close()
        var content = try Data(contentsOf: URL(fileURLWithPath: scratch.path))
        try isLeftAlone(content, "is a database of something else")
        for index in 100..<160 { content[index] = 0xff }
        try isLeftAlone(content, "nothing in it tells that it is an outbox")
    }

    @Test func `what is no file is said to be none`() throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: scratch.path, withIntermediateDirectories: false)
        let error = #expect(throws: StoreError.self) { try OutboxFile.open(scratch.path, now: 5) }
        #expect(error?.description.contains("is not a file") == true)
        #expect(try scratch.names() == ["outbox.db"])
    }

    /// Each of our marks is enough, and without all of them the file is left to an operator.
    @Test func `an outbox is known by its header, by its table or by its log`() throws {
        let life = try Scratch()
        let store = try OutboxFile.open(life.path, now: 0).store
        // Read while it is open: the log has the first page, as in a life that ended early.
        let log = try Data(contentsOf: URL(fileURLWithPath: life.path + "-wal"))
        try store.store([.sample(1)])
        store.close()
        let whole = try Data(contentsOf: URL(fileURLWithPath: life.path))

        func origin(_ content: Data, log: Data? = nil) throws -> FileOrigin {
            let scratch = try Scratch()
            try content.write(to: URL(fileURLWithPath: scratch.path))
            try log?.write(to: URL(fileURLWithPath: scratch.path + "-wal"))
            return try FileOrigin.of(scratch.path)
        }
        var noMagic = whole
        noMagic.replaceSubrange(0..<16, with: Data(repeating: 0, count: 16))
        #expect(try origin(noMagic) == .outbox)
        var noHeader = whole
        noHeader.replaceSubrange(0..<100, with: Data(repeating: 0, count: 100))
        #expect(try origin(noHeader) == .outbox)
        var noPage = whole
        noPage.replaceSubrange(0..<4_096, with: Data(repeating: 0, count: 4_096))
        #expect(try origin(noPage, log: log) == .outbox)
        #expect(try origin(noPage) == .somethingElse)
        #expect(try origin(noPage, log: Data(repeating: 0x37, count: 9_000)) == .somethingElse)
        #expect(try origin(Data()) == .nothing)
        #expect(try origin(Data(), log: log) == .logWithoutFile)
        try isLeftAlone(noPage, "is no outbox")
    }
}

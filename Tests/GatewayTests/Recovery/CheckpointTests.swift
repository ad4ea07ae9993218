import Bus
import Foundation
import Logging
import NIOCore
import Testing

@testable import Gateway

@Suite struct CheckpointTests {
    private let limits = HistoryLimits(
        maxEntries: 100, maxBytes: 1 << 20, maxAge: .seconds(100), maxReplay: 100, maxReplayBytes: 1 << 20)

    private func broadcast(_ name: String, _ arguments: String, ackID: UInt64? = nil) -> Broadcast {
        Broadcast(
            target: Target(all: true), namespace: "/",
            content: .event(
                .init(
                    name: name, arguments: Array(arguments.utf8), attachments: [ByteBuffer(bytes: [1, 2])],
                    ackID: ackID)))
    }

    private func sample() -> Checkpoint {
        var history = History<Broadcast>(limits: self.limits, floor: 3)
        let now = ContinuousClock.now
        var target = Target(rooms: ["a"], users: ["ü"], sockets: ["s"])
        target.except = .init(rooms: ["b"], users: ["c"], sockets: ["d"])
        history.append(
            .event(self.broadcast("say", #"1,"x""#), asksAck: false), for: target, bytes: 10, sequence: 5,
            now: now - .seconds(20))
        history.append(
            .event(self.broadcast("ask", "", ackID: 9), asksAck: true), for: target, bytes: 10, sequence: 6,
            now: now - .seconds(10))
        history.append(.change(.join(rooms: ["r"])), for: .socket("s"), bytes: 1, sequence: 7, now: now)
        history.append(.change(.leave(rooms: ["q"])), for: .socket("s"), bytes: 1, sequence: 8, now: now)
        history.append(
            .change(.state(set: [("k", [0x31])], unset: ["l"])), for: .socket("s"), bytes: 1, sequence: 9, now: now)
        history.append(.change(.end), for: .socket("t"), bytes: 0, sequence: 10, now: now)
        history.spoil(.init(user: "ü", positions: 4...6))
        history.spoil(.init(user: nil, positions: 8...9))
        let stays = RoomStays(joined: [("a", 4)], left: [("b", 1, 3)], forgotten: 2)
        let handshake = ClientHandshake(
            remoteIP: "::1", isTLS: true, origin: nil, query: [("q", "1")], headers: [("user-agent", "x")],
            token: .success(nil), connectedAtMilliseconds: 5)
        let session = Checkpoint.Session(
            pid: "AAAAAAAAAAAAAAAAAAAAAAAA", endpoint: "sio", namespace: "/",
            record: SessionRecord(
                socketID: "s", user: "u", since: 1, position: 8, sent: 5, stays: stays, unanswered: []),
            state: [("k", Array("{}".utf8))], tokenUser: nil, window: .seconds(120), away: .seconds(3),
            reason: .drain, forgetsNamespace: true,
            visit: .init(
                publicID: "c_1", protocolName: "socket.io", transport: "polling", handshake: handshake,
                connectedAtMilliseconds: 5, leftAtMilliseconds: 6))
        let epoch = Epoch(rawValue: 77)!
        return Checkpoint(
            logs: [("/", NamespaceLog(epoch: epoch, head: 12, history: history))], sessions: [session])
    }

    @Test func `what was written is read`() throws {
        let written = CheckpointWriter(self.sample()).buffer
        let read = try CheckpointReader.read(written, limits: self.limits)
        let (name, log) = try #require(read.logs.first)
        #expect(name == "/" && log.head == 12 && log.epoch.rawValue == 77 && log.history.floor == 3)
        // The question is over with the process that asked it.
        let entries = log.history.entries(after: 0, limit: 100)
        #expect(entries.map(\.sequence) == [5, 7, 8, 9, 10] && log.history.invariants())
        #expect(entries[0].target.except == .init(rooms: ["b"], users: ["c"], sockets: ["d"]))
        guard case .event(let broadcast, asksAck: false) = entries[0].content,
            case .event(let event) = broadcast.content
        else {
            Issue.record("the event is not one")
            return
        }
        #expect(event.name == "say" && event.arguments == Array(#"1,"x""#.utf8) && event.attachments.count == 1)
        #expect(broadcast.logged == Offset(epoch: log.epoch, sequence: 5))
        let age = entries[0].time.duration(to: .now)
        #expect(age >= .seconds(19) && age < .seconds(60))
        let session = try #require(read.sessions.first)
        #expect(session.record.stays.rooms == ["a"] && session.record.stays.forgotten == 2)
        #expect(session.record.user == "u" && session.record.sent == 5 && session.away == .seconds(3))
        #expect(session.visit.handshake.query.first?.value == "1" && session.visit.transport == "polling")
        let spoilt = log.history.spoilt
        #expect(spoilt.contains(6, of: "ü") && !spoilt.contains(6, of: "u") && spoilt.contains(8, of: nil))
        #expect(spoilt.all.count == 2)
        // And once more the same bytes, but for the ages.
        #expect(CheckpointWriter(read).buffer.readableBytes == written.readableBytes)
    }

    @Test func `a prefix, a longer one and one with a flipped bit are refused and never trap`() throws {
        let written = CheckpointWriter(self.sample()).buffer
        for length in 0..<written.readableBytes {
            let prefix = try #require(written.getSlice(at: 0, length: length))
            #expect(throws: CheckpointReader.Failure.self) { try CheckpointReader.read(prefix, limits: self.limits) }
        }
        var longer = written
        longer.writeInteger(UInt8(0))
        #expect(throws: CheckpointReader.Failure.self) { try CheckpointReader.read(longer, limits: self.limits) }
        for bit in 0..<written.readableBytes * 8 {
            var flipped = written
            let byte = flipped.getInteger(at: bit / 8, as: UInt8.self) ?? 0
            flipped.setInteger(byte ^ 1 << UInt8(bit % 8), at: bit / 8)
            // It may pass: only the checksum of the file would notice. It must not end the process.
            _ = try? CheckpointReader.read(flipped, limits: self.limits)
        }
    }

    // MARK: - The file

    private func inDirectory(_ body: (CheckpointFile, URL) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoint-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let url = directory.appendingPathComponent("log.bin")
        try body(CheckpointFile(path: url.path, logger: Logger(label: "test")), url)
    }

    @Test func `a file is there until it is put aside, and never read again`() throws {
        try self.inDirectory { file, url in
            #expect(file.read(limits: self.limits) == nil)
            file.write(self.sample())
            let mode = try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            // A start that failed has only read it.
            for _ in 0..<2 { #expect(file.read(limits: self.limits)?.sessions.count == 1) }
            try file.putAside()
            #expect(file.read(limits: self.limits) == nil)
            let names = try FileManager.default.contentsOfDirectory(atPath: url.deletingLastPathComponent().path)
            #expect(names == ["log.bin.consumed"])
            #expect(throws: StartupError.self) { try file.putAside() }
        }
    }

    @Test func `a place that nothing can be written to is told at the start`() throws {
        try self.inDirectory { file, url in
            try file.checkPlace()
            let missing = url.deletingLastPathComponent().appendingPathComponent("none/log.bin").path
            let error = #expect(throws: StartupError.self) {
                try CheckpointFile(path: missing, logger: file.logger).checkPlace()
            }
            #expect(error?.description.contains("/none does not exist") == true)
            #expect(throws: StartupError.self) {
                try CheckpointFile(path: url.deletingLastPathComponent().path, logger: file.logger).checkPlace()
            }
        }
    }

    @Test func `a torn or altered file is put aside and not believed`() throws {
        try self.inDirectory { file, url in
            file.write(self.sample())
            let whole = try Data(contentsOf: url)
            var damaged = [whole.dropLast(1), whole.prefix(20), Data(), whole + [0]].map { Data($0) }
            for place in [0, 17, 30, whole.count / 2, whole.count - 1] {
                var altered = whole
                altered[place] ^= 1
                damaged.append(altered)
            }
            for data in damaged {
                try data.write(to: url)
                #expect(file.read(limits: self.limits) == nil)
                #expect(!FileManager.default.fileExists(atPath: url.path))
                #expect(try Data(contentsOf: URL(fileURLWithPath: url.path + ".quarantined")) == data)
            }
        }
    }
}

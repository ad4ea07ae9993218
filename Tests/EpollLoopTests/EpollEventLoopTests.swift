import Glibc
import NIOCore
import Synchronization
import Testing

@testable import EpollLoop

/// Two connected sockets that never block; each test closes those that it has not given away.
private func socketPair() -> (near: CInt, far: CInt) {
    var ends: [CInt] = [0, 0]
    precondition(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
    return (ends[0], ends[1])
}

/// What has run, in this order.
private final class Log: Sendable {
    private let entries = Mutex<[Int]>([])
    var all: [Int] { self.entries.withLock { $0 } }
    func add(_ entry: Int) { self.entries.withLock { $0.append(entry) } }
}

private final class Recorder: Pollable, @unchecked Sendable {
    var body: (Recorder, Readiness) -> Void
    var hasEnded = false

    init(_ body: @escaping (Recorder, Readiness) -> Void) {
        self.body = body
        super.init()
    }

    override func ready(_ readiness: Readiness) { self.body(self, readiness) }
    override func loopEnds() { self.hasEnded = true }
}

@Suite struct EpollEventLoopTests {
    private func withLoop(_ body: (EpollEventLoop) async throws -> Void) async throws {
        let group = try EpollEventLoopGroup(count: 1)
        do {
            try await body(group.loops[0])
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        try await group.shutdownGracefully()
    }

    // MARK: - Tasks and timers

    @Test func `tasks of one thread run in order, on the loop`() async throws {
        try await self.withLoop { loop in
            let seen = Log()
            for number in 0..<10_000 {
                loop.execute {
                    loop.preconditionInEventLoop()
                    seen.add(number)
                }
            }
            try await loop.submit {}.get()
            #expect(seen.all == Array(0..<10_000))
            #expect(!loop.inEventLoop)
        }
    }

    @Test func `no task of many threads is lost, however often the loop falls asleep between them`() async throws {
        try await self.withLoop { loop in
            let ran = Log()
            await withTaskGroup(of: Void.self) { group in
                for thread in 0..<8 {
                    group.addTask {
                        for number in 0..<2_000 {
                            loop.execute { ran.add(number) }
                            if (number + thread) % 97 == 0 { try? await loop.submit {}.get() }
                        }
                    }
                }
            }
            try await loop.submit {}.get()
            #expect(ran.all.count == 16_000)
        }
    }

    @Test func `a task that makes tasks for ever does not keep sockets waiting`() async throws {
        try await self.withLoop { loop in
            let pair = socketPair()
            let stop = Log()
            let promise = loop.makePromise(of: Void.self)
            @Sendable func again() {
                if stop.all.isEmpty { loop.execute { again() } }
            }
            loop.execute { again() }
            loop.execute {
                let recorder = Recorder { recorder, _ in
                    loop.close(recorder)
                    promise.succeed()
                }
                try! loop.watch(recorder, pair.near, for: .input)
            }
            write(pair.far, "x", 1)
            try await promise.futureResult.get()
            stop.add(0)
            close(pair.far)
        }
    }

    @Test func `a task for the next cycle comes after what sockets have brought meanwhile`() async throws {
        try await self.withLoop { loop in
            let pair = socketPair()
            let seen = Log()
            let promise = loop.makePromise(of: Void.self)
            loop.execute {
                let recorder = Recorder { recorder, _ in
                    seen.add(2)
                    loop.close(recorder)
                }
                try! loop.watch(recorder, pair.near, for: .input)
                write(pair.far, "x", 1)
                loop.executeNextCycle {
                    loop.preconditionInEventLoop()
                    seen.add(3)
                    promise.succeed()
                }
                loop.execute { seen.add(1) }
            }
            try await promise.futureResult.get()
            #expect(seen.all == [1, 2, 3])
            close(pair.far)
        }
    }

    @Test func `timers run in order and never early, from whichever thread they were made`() async throws {
        try await self.withLoop { loop in
            let ran = Log()
            // Far enough away that all are made before the first is due.
            let start = NIODeadline.now() + .seconds(1)
            @Sendable func schedule(_ delay: Int) -> Scheduled<Void> {
                let deadline = start + .milliseconds(Int64(delay))
                return loop.scheduleTask(deadline: deadline) {
                    #expect(NIODeadline.now() >= deadline)
                    ran.add(delay)
                }
            }
            let timers = [30, 10, 20].map(schedule)
            let inner = try await loop.submit { schedule(5) }.get()
            for timer in timers + [inner] { try await timer.futureResult.get() }
            #expect(ran.all == [5, 10, 20, 30])
        }
    }

    @Test func `a timer does not wait for all sockets that were ready before it`() async throws {
        try await self.withLoop { loop in
            let told = Log()
            let promise = loop.makePromise(of: Void.self)
            let pair = socketPair()
            write(pair.far, "x", 1)
            loop.execute {
                let recorders = (0..<600).map { _ in
                    let recorder = Recorder { _, _ in
                        told.add(1)
                        usleep(20)
                    }
                    // It stays ready, because nobody reads it.
                    try! loop.watch(recorder, dup(pair.near), for: .input)
                    return recorder
                }
                loop.scheduleTask(in: .milliseconds(1)) {
                    for recorder in recorders { loop.close(recorder) }
                    promise.succeed()
                }
            }
            try await promise.futureResult.get()
            for end in [pair.near, pair.far] { close(end) }
            // It was due before a cycle's share of them had been told; the others are 600.
            #expect(told.all.count <= 512)
        }
    }

    @Test func `a cancelled timer fails, and does not run`() async throws {
        try await self.withLoop { loop in
            let timer = loop.scheduleTask(in: .milliseconds(20)) { Issue.record("it ran") }
            timer.cancel()
            await #expect(throws: EventLoopError.self) { try await timer.futureResult.get() }
            try await loop.scheduleTask(in: .milliseconds(40)) {}.futureResult.get()
        }
    }

    @Test func `a task that fails fails its future`() async throws {
        struct Failure: Error {}
        try await self.withLoop { loop in
            let timer = loop.scheduleTask(in: .zero) { throw Failure() }
            await #expect(throws: Failure.self) { try await timer.futureResult.get() }
        }
    }

    @Test func `shutdown runs the tasks that wait, fails the timers, and tells who is watched`() async throws {
        let group = try EpollEventLoopGroup(count: 2)
        let pair = socketPair()
        let loop = group.loops[1]
        let recorder = Recorder { _, _ in }
        try await loop.submit { try loop.watch(recorder, pair.near, for: .input) }.get()
        let (ran, failed) = (Log(), Log())
        loop.scheduleTask(in: .hours(1)) {}.futureResult.whenFailure { error in
            #expect(error as? EventLoopError == .shutdown)
            failed.add(0)
        }
        for _ in 0..<100 { loop.execute { ran.add(0) } }
        try await group.shutdownGracefully()
        #expect(recorder.hasEnded)
        #expect(ran.all.count == 100)
        #expect(failed.all.count == 1)
        loop.execute { Issue.record("nothing is run any more") }
        try await group.shutdownGracefully()
        close(pair.near)
        close(pair.far)
    }

    @Test func `loops take turns`() async throws {
        let group = try EpollEventLoopGroup(count: 3)
        let first = (0..<6).map { _ in ObjectIdentifier(group.next()) }
        #expect(Set(first).count == 3)
        #expect(Array(first.prefix(3)) == Array(first.suffix(3)))
        #expect(Array(group.makeIterator()).count == 3)
        try await group.shutdownGracefully()
    }

    // MARK: - Sockets

    @Test func `input is told for as long as there is some, and not while nobody asks`() async throws {
        try await self.withLoop { loop in
            let pair = socketPair()
            write(pair.far, "abc", 3)
            let told = loop.makePromise(of: [UInt8].self)
            nonisolated(unsafe) var seen: [UInt8] = []
            let recorder = Recorder { recorder, readiness in
                #expect(readiness == .input)
                var byte: UInt8 = 0
                #expect(recv(recorder.descriptor, &byte, 1, 0) == 1)
                seen.append(byte)
                if seen.count == 3 { told.succeed(seen) }
            }
            try await loop.submit { try loop.watch(recorder, pair.near, for: []) }.get()
            try await loop.scheduleTask(in: .milliseconds(10)) { #expect(seen.isEmpty) }.futureResult.get()
            try await loop.submit { loop.change(recorder, to: .input) }.get()
            #expect(try await told.futureResult.get() == Array("abc".utf8))
            try await loop.submit { loop.close(recorder) }.get()
            #expect(send(pair.far, "x", 1, CInt(MSG_NOSIGNAL)) == -1)
            close(pair.far)
        }
    }

    @Test func `the end of the peer is told also to who asks for nothing`() async throws {
        try await self.withLoop { loop in
            let pair = socketPair()
            let told = loop.makePromise(of: Void.self)
            let recorder = Recorder { recorder, readiness in
                guard readiness.contains(.hangUp) else { return }
                loop.close(recorder)
                told.succeed()
            }
            try await loop.submit { try loop.watch(recorder, pair.near, for: []) }.get()
            close(pair.far)
            try await told.futureResult.get()
        }
    }

    /// Both are ready in one cycle, and whichever comes first closes the other: its event must go to nobody, although the
    /// slot has a new owner by then.
    @Test(arguments: 0..<50)
    func `an event of who has gone reaches nobody else`(round: Int) async throws {
        try await self.withLoop { loop in
            let (one, other, third) = (socketPair(), socketPair(), socketPair())
            let done = loop.makePromise(of: Void.self)
            nonisolated(unsafe) var watched: [Recorder] = []
            nonisolated(unsafe) var events = 0
            try await loop.submit {
                watched = (0..<2).map { index in
                    Recorder { recorder, _ in
                        events += 1
                        let next = watched[1 - index]
                        loop.close(next)
                        let stranger = Recorder { _, _ in Issue.record("that was meant for somebody else") }
                        try! loop.watch(stranger, dup(third.near), for: .input)
                        loop.close(recorder)
                        loop.scheduleTask(in: .milliseconds(5)) {
                            loop.close(stranger)
                            done.succeed()
                        }
                    }
                }
                write(one.far, "x", 1)
                write(other.far, "x", 1)
                try! loop.watch(watched[0], one.near, for: .input)
                try! loop.watch(watched[1], other.near, for: .input)
            }.get()
            try await done.futureResult.get()
            #expect(events == 1)
            for descriptor in [one.far, other.far, third.near, third.far] { close(descriptor) }
        }
    }

    @Test func `a descriptor that was given away is served by another loop`() async throws {
        let group = try EpollEventLoopGroup(count: 2)
        let (first, second) = (group.loops[0], group.loops[1])
        let pair = socketPair()
        let early = Recorder { _, _ in Issue.record("it was given away") }
        let told = second.makePromise(of: Void.self)
        let late = Recorder { recorder, _ in
            second.close(recorder)
            told.succeed()
        }
        let descriptor = try await first.submit {
            try first.watch(early, pair.near, for: .input)
            let descriptor = first.forget(early)
            #expect(first.forget(early) == -1)
            return descriptor
        }.get()
        #expect(descriptor == pair.near)
        try await second.submit { try second.watch(late, descriptor, for: .input) }.get()
        write(pair.far, "x", 1)
        try await told.futureResult.get()
        close(pair.far)
        try await group.shutdownGracefully()
    }

    @Test func `what cannot be watched is an error`() async throws {
        try await self.withLoop { loop in
            let recorder = Recorder { _, _ in }
            await #expect(throws: IOError.self) {
                try await loop.submit { try loop.watch(recorder, -1, for: .input) }.get()
            }
            let pair = socketPair()
            try await loop.submit {
                try loop.watch(recorder, pair.near, for: .input)
                loop.close(recorder)
                loop.close(recorder)
            }.get()
            close(pair.far)
        }
    }
}

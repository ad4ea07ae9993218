import Glibc
import Testing

@testable import Gateway

/// A ring belongs to the thread that made it, so each test makes its own: before it and in it may be two threads.
///
/// Where the kernel allows no ring there is nothing to test here; SocketSenderTests are about that.
@Suite(.enabled(if: (try? SendRing()) != nil)) struct SendRingTests {
    /// Sends to each descriptor its bytes, and returns how it went.
    private func send(_ parts: [(CInt, [UInt8])], by ring: SendRing) throws -> [DirectWriter.Outcome?] {
        let memory = parts.map { part in
            let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: part.1.count, alignment: 1)
            copy.copyBytes(from: part.1)
            return copy
        }
        defer { for copy in memory { copy.deallocate() } }
        var sends = ContiguousArray(zip(parts, memory).map { SocketSend(UnsafeRawBufferPointer($1), to: $0.0) })
        try ring.send(&sends)
        return sends.map(\.outcome)
    }

    @Test func `each socket gets its own bytes, as many sockets as go at once`() throws {
        let ring = try SendRing()
        let sockets = (0..<SendRing.capacity).map { _ in SocketEnds() }
        let parts = sockets.enumerated().map { ($1.near, Array("to number \($0)".utf8)) }
        #expect(try self.send(parts, by: ring) == parts.map { .wrote($0.1.count) })
        for (socket, part) in zip(sockets, parts) { #expect(socket.read() == part.1) }
    }

    @Test func `nothing to send is no trouble`() throws {
        let ring = try SendRing()
        #expect(try self.send([], by: ring) == [])
    }

    @Test func `it serves again and again, with any number of sends at once`() throws {
        let ring = try SendRing()
        let sockets = (0..<7).map { _ in SocketEnds() }
        var expected = [[UInt8]](repeating: [], count: sockets.count)
        for round in 0..<1_000 {
            let parts = sockets.prefix(1 + round % 7).map { ($0.near, [UInt8(truncatingIfNeeded: round)]) }
            #expect(try self.send(parts, by: ring) == parts.map { _ in .wrote(1) })
            for index in parts.indices { expected[index].append(UInt8(truncatingIfNeeded: round)) }
            // Before a socket's buffer is full.
            guard round % 100 == 99 else { continue }
            #expect(sockets.map { $0.read() } == expected)
            expected = expected.map { _ in [] }
        }
    }

    @Test func `a full socket takes a part, then nothing, at once, and the order is kept`() throws {
        let ring = try SendRing()
        let (slow, quick) = (SocketEnds(sendBuffer: 4_096), SocketEnds())
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let outcomes = try self.send([(slow.near, bytes), (quick.near, [1])], by: ring)
        guard case .wrote(let first)? = outcomes[0] else {
            Issue.record("\(outcomes)")
            return
        }
        #expect(first > 0 && first < bytes.count)
        #expect(outcomes[1] == .wrote(1))
        #expect(try self.send([(slow.near, bytes), (quick.near, [2])], by: ring) == [.wrote(0), .wrote(1)])
        #expect(slow.read() == Array(bytes.prefix(first)))
        #expect(quick.read() == [1, 2])
        #expect(try self.send([(slow.near, Array(bytes[first..<first + 100]))], by: ring) == [.wrote(100)])
        #expect(slow.read() == Array(bytes[first..<first + 100]))
    }

    @Test func `a peer that is gone is a failure and no signal, and holds up nobody`() throws {
        let ring = try SendRing()
        let sockets = (0..<10).map { _ in SocketEnds() }
        for index in [0, 4, 9] { sockets[index].hangUp() }
        let outcomes = try self.send(sockets.map { ($0.near, [7]) }, by: ring)
        for (index, outcome) in outcomes.enumerated() {
            #expect(outcome == ([0, 4, 9].contains(index) ? .failed(errno: EPIPE) : .wrote(1)))
        }
        for (index, socket) in sockets.enumerated() where ![0, 4, 9].contains(index) { #expect(socket.read() == [7]) }
    }

    @Test func `a TCP peer that resets is a failure`() throws {
        let ring = try SendRing()
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let client = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let connected = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, size) == 0 && listen(listener, 1) == 0
                    && getsockname(listener, address, &size) == 0 && connect(client, address, size) == 0
            }
        }
        try #require(connected)
        let server = accept(listener, nil, nil)
        defer { close(server) }
        var abrupt = Glibc.linger(l_onoff: 1, l_linger: 0)
        setsockopt(client, SOL_SOCKET, SO_LINGER, &abrupt, socklen_t(MemoryLayout<Glibc.linger>.size))
        close(client)
        // Until the reset is there; the first send after it hears of it, the next of a broken pipe.
        var event = pollfd(fd: server, events: 0, revents: 0)
        try #require(poll(&event, 1, 10_000) == 1)
        #expect(try self.send([(server, [1])], by: ring) == [.failed(errno: ECONNRESET)])
        #expect(try self.send([(server, [1])], by: ring) == [.failed(errno: EPIPE)])
    }

    @Test func `what is no socket, or nothing any more, is a failure`() throws {
        let ring = try SendRing()
        let file = open("/dev/null", O_WRONLY | O_CLOEXEC)
        defer { close(file) }
        #expect(
            try self.send([(-1, [1]), (file, [1])], by: ring) == [.failed(errno: EBADF), .failed(errno: ENOTSOCK)])
    }

    @Test func `no other program inherits it`() throws {
        let ring = try SendRing()
        defer { withExtendedLifetime(ring) {} }
        var rings = 0
        for descriptor in CInt(0)..<4_096 {
            var target = [CChar](repeating: 0, count: 64)
            guard readlink("/proc/self/fd/\(descriptor)", &target, 63) > 0,
                String(cString: target).contains("io_uring")
            else { continue }
            let flags = fcntl(descriptor, F_GETFD)
            // Others may close theirs meanwhile.
            guard flags >= 0 else { continue }
            rings += 1
            #expect(flags & FD_CLOEXEC != 0)
        }
        #expect(rings >= 1)
    }
}

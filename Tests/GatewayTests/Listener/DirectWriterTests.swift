import Glibc
import Testing

@testable import Gateway

@Suite struct DirectWriterTests {
    /// Two connected sockets, the first with a small buffer.
    private struct Pair: ~Copyable {
        let near: CInt
        let far: CInt

        init() {
            var ends: [CInt] = [0, 0]
            precondition(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
            var size: CInt = 4_096
            setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
            (self.near, self.far) = (ends[0], ends[1])
        }

        deinit {
            close(self.near)
            close(self.far)
        }

        func receive(_ count: Int) -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            let received = recv(self.far, &bytes, count, CInt(MSG_DONTWAIT))
            return Array(bytes.prefix(max(0, received)))
        }
    }

    private func write(_ bytes: [UInt8], _ writer: DirectWriter, to pair: borrowing Pair) -> DirectWriter.Outcome {
        bytes.withUnsafeBytes { writer.write($0, to: pair.near) }
    }

    @Test func `what fits is taken whole`() {
        let pair = Pair()
        #expect(self.write([1, 2, 3], DirectWriter(), to: pair) == .wrote(3))
        #expect(pair.receive(10) == [1, 2, 3])
    }

    @Test func `nothing is a success`() {
        #expect(self.write([], DirectWriter(), to: Pair()) == .wrote(0))
    }

    @Test func `a full buffer takes a part, then nothing, and keeps the order`() {
        let pair = Pair()
        let bytes = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        guard case .wrote(let first) = self.write(bytes, DirectWriter(), to: pair) else {
            Issue.record("failed"); return
        }
        #expect(first > 0 && first < bytes.count)
        #expect(self.write(bytes, DirectWriter(), to: pair) == .wrote(0))
        #expect(pair.receive(first) == Array(bytes.prefix(first)))
        guard case .wrote(let second) = self.write(Array(bytes.dropFirst(first)), DirectWriter(), to: pair) else {
            Issue.record("failed")
            return
        }
        #expect(pair.receive(second) == Array(bytes.dropFirst(first).prefix(second)))
    }

    @Test func `a peer that is gone is a failure and no signal`() {
        var ends: [CInt] = [0, 0]
        precondition(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        close(ends[1])
        let outcome = [UInt8(1)].withUnsafeBytes { DirectWriter().write($0, to: ends[0]) }
        close(ends[0])
        #expect(outcome == .failed(errno: EPIPE))
    }

    @Test func `a closed descriptor is a failure`() {
        let outcome = [UInt8(1)].withUnsafeBytes { DirectWriter().write($0, to: -1) }
        #expect(outcome == .failed(errno: EBADF))
    }

    @Test func `the backlog is over when all of it was taken`() {
        var writer = DirectWriter()
        writer.queued(100)
        writer.queued(20)
        #expect(writer.backlog == 120)
        let isFirstTheLast = writer.drained(100)
        let isSecondTheLast = writer.drained(20)
        #expect(!isFirstTheLast)
        #expect(isSecondTheLast)
        #expect(writer.backlog == 0)
    }
}

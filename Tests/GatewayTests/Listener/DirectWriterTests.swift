import Glibc
import NIOCore
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

    @Test func `small pieces of the backlog share buffers, and everything leaves in order`() {
        let pair = Pair()
        var writer = DirectWriter()
        var expected: [UInt8] = []
        for number in 0..<20_000 {
            let count = number % 1_000 == 999 ? 2 * DirectWriter.small : number % 9
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: number &+ $0) }
            writer.queue(ByteBuffer(bytes: bytes))
            expected += bytes
        }
        #expect(writer.backlog == expected.count)
        // Twenty large ones, and what lies between them.
        #expect(writer.bufferCount <= 45)
        var received: [UInt8] = []
        while writer.backlog > 0 {
            guard case .wrote = writer.drain(to: pair.near) else {
                Issue.record("failed")
                return
            }
            // Joins a buffer of which a part has left.
            if received.isEmpty {
                writer.queue(ByteBuffer(bytes: [1, 2, 3]))
                expected += [1, 2, 3]
            }
            received += pair.receive(1 << 20)
        }
        received += pair.receive(1 << 20)
        #expect(received == expected)
        #expect(writer.bufferCount == 0)
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

    private static func bytes(_ count: Int, seed: Int = 0) -> ByteBuffer {
        ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31) })
    }

    @Test func `a backlog leaves in order, in as many calls as the peer makes room for`() {
        let pair = Pair()
        var writer = DirectWriter()
        let buffers = (0..<300).map { Self.bytes($0 % 7 == 0 ? 9_000 : 50, seed: $0) }
        for buffer in buffers { writer.queue(buffer) }
        let total = buffers.reduce(0) { $0 + $1.readableBytes }
        #expect(writer.backlog == total)
        var (received, written) = ([UInt8](), 0)
        while writer.backlog > 0 {
            guard case .wrote(let count) = writer.drain(to: pair.near) else {
                Issue.record("failed")
                return
            }
            written += count
            #expect(writer.backlog == total - written)
            // An odd number, so that calls end in the middle of buffers.
            let some = pair.receive(3_333)
            #expect(!some.isEmpty)
            received += some
        }
        while received.count < total { received += pair.receive(total) }
        #expect(received == buffers.flatMap { Array($0.readableBytesView) })
        #expect(writer.drain(to: pair.near) == .wrote(0))
    }

    @Test func `a peer that reads as fast as it is written does not keep the loop`() {
        let pair = Pair()
        var size: CInt = 8 << 20
        setsockopt(pair.near, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        var writer = DirectWriter()
        for _ in 0..<64 { writer.queue(Self.bytes(65_536)) }
        guard case .wrote(let count) = writer.drain(to: pair.near) else {
            Issue.record("failed")
            return
        }
        #expect(count < DirectWriter.maxDrain + 64 * 65_536)
        #expect(writer.backlog == 64 * 65_536 - count)
    }

    @Test func `a backlog for a peer that is gone is a failure, and can be dropped`() {
        var ends: [CInt] = [0, 0]
        precondition(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        close(ends[1])
        var writer = DirectWriter()
        writer.queue(Self.bytes(10))
        #expect(writer.drain(to: ends[0]) == .failed(errno: EPIPE))
        close(ends[0])
        #expect(writer.discard() == 10)
        #expect(writer.backlog == 0)
        #expect(writer.discard() == 0)
    }

    @Test func `an empty buffer is no backlog`() {
        var writer = DirectWriter()
        writer.queue(ByteBuffer())
        #expect(writer.backlog == 0)
    }
}

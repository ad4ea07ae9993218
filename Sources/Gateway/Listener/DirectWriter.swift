import DequeModule
import Glibc
import NIOCore

/// Writes to a connection's descriptor, and keeps what the kernel does not take.
///
/// Order is kept by one rule: while there is a ``backlog``, nothing is written past it; everything goes behind those bytes
/// until they are gone.
struct DirectWriter {
    enum Outcome: Hashable {
        /// So many bytes were taken; fewer than offered when the socket's buffer is full.
        case wrote(Int)
        /// The peer is gone (`EPIPE`, `ECONNRESET`, …): nothing more can be written.
        case failed(errno: CInt)
    }

    /// A send neither waits for the peer nor raises SIGPIPE.
    static let flags = CInt(MSG_NOSIGNAL | MSG_DONTWAIT)
    /// Buffers of the backlog that are offered in one call; the kernel takes 1,024 at most (`UIO_MAXIOV`).
    private static let maxVectors = 64
    /// What is offered in one ``drain(to:)``: others have their turn after so much, also when the peer reads as fast as
    /// it is written.
    static let maxDrain = 1 << 20

    /// What is so small joins others in a buffer: one of its own would take more memory than its bytes.
    static let small = 1_024
    /// A buffer that small ones have joined gets no more from here on.
    private static let joined = 16_384

    private var waiting: Deque<ByteBuffer> = []
    /// The last of ``waiting`` is a copy of small ones.
    private var joins = false
    /// Bytes that the kernel has not taken yet.
    private(set) var backlog = 0

    /// How many buffers the backlog consists of.
    var bufferCount: Int { self.waiting.count }

    /// Offers `bytes` to the kernel.
    ///
    /// Never blocks and never raises SIGPIPE.
    func write(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> Outcome {
        precondition(self.backlog == 0, "bytes of the backlog would be overtaken")
        return Self.offer(bytes, to: descriptor)
    }

    /// The same for who knows that there is no backlog.
    static func offer(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) -> Outcome {
        var written = 0
        while written < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
            let result = Glibc.send(descriptor, rest.baseAddress, rest.count, Self.flags)
            if result >= 0 {
                written += result
                // A short count means a full buffer: asking once more would only cost a call to hear EAGAIN.
                if result < rest.count { return .wrote(written) }
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wrote(written)
            case let code: return .failed(errno: code)
            }
        }
        return .wrote(written)
    }

    /// Puts a buffer behind the backlog.
    mutating func queue(_ buffer: ByteBuffer) {
        guard buffer.readableBytes > 0 else { return }
        self.backlog += buffer.readableBytes
        guard buffer.readableBytes <= Self.small else {
            self.joins = false
            return self.waiting.append(buffer)
        }
        if self.joins, self.waiting.last.map({ $0.writerIndex < Self.joined }) == true {
            self.waiting[self.waiting.count - 1].writeImmutableBuffer(buffer)
        } else {
            self.waiting.append(ByteBuffer(bytes: buffer.readableBytesView))
            self.joins = true
        }
    }

    /// Offers what waits, many buffers in one call.
    mutating func drain(to descriptor: CInt) -> Outcome {
        var written = 0
        while self.backlog > 0, written < Self.maxDrain {
            let (result, offered) = self.offerFirst(to: descriptor)
            if result >= 0 {
                self.remove(result)
                written += result
                if result < offered { break }
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wrote(written)
            // What was taken before is said first; who asks again hears of the failure.
            case let code: return written > 0 ? .wrote(written) : .failed(errno: code)
            }
        }
        return .wrote(written)
    }

    /// Returns what sendmsg(2) says, and how much it was offered.
    private func offerFirst(to descriptor: CInt) -> (result: Int, offered: Int) {
        withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.maxVectors) { vectors in
            var (count, offered) = (0, 0)
            for buffer in self.waiting.prefix(Self.maxVectors) {
                // The deque keeps the memory where it is until the call is over.
                vectors[count] = buffer.withUnsafeReadableBytes {
                    iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress), iov_len: $0.count)
                }
                count += 1
                offered += buffer.readableBytes
                if offered >= Self.maxDrain { break }
            }
            var message = msghdr()
            message.msg_iov = vectors.baseAddress
            message.msg_iovlen = count
            return (sendmsg(descriptor, &message, Self.flags), offered)
        }
    }

    private mutating func remove(_ count: Int) {
        self.backlog -= count
        var rest = count
        while rest > 0, let first = self.waiting.first {
            guard first.readableBytes <= rest else {
                self.waiting[0].moveReaderIndex(forwardBy: rest)
                return
            }
            rest -= first.readableBytes
            self.waiting.removeFirst()
        }
        // A pile that once was must not keep its memory.
        if self.waiting.isEmpty { self.waiting = [] }
    }

    /// Drops the backlog.
    ///
    /// Returns how much there was.
    mutating func discard() -> Int {
        defer { (self.waiting, self.backlog) = ([], 0) }
        return self.backlog
    }
}

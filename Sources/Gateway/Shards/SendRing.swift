internal import CIOUring
import Glibc

/// Makes many sends with one system call, by an io_uring of its own.
///
/// ``send(_:)`` returns when every one of them has ended, as so many calls of `send` would: nothing is under way between
/// two calls, and bytes are read during a call only. No send waits for its peer (`MSG_DONTWAIT`), so none is ever put
/// off by the kernel. Belongs to the thread that made it.
final class SendRing {
    /// The kernel, or whoever filters its calls, does not let us have one.
    struct Refusal: Error, Hashable, CustomStringConvertible {
        var step: String
        var errno: CInt

        var description: String { "\(self.step): \(String(cString: strerror(self.errno)))" }
    }

    /// Most sends with one system call: what a call costs is nothing beside so many sends, and their bytes together
    /// still stay in a processor's cache.
    static let capacity = 256
    /// A send that fails does not hold up those behind it, and no other thread is interrupted because one has ended.
    ///
    /// All three are known to Linux 6.1 and newer; an older one refuses.
    private static let setupFlags = UInt32(
        IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN)
    /// How often the kernel is asked for what has not ended, which is never on a kernel that keeps its word.
    private static let maxWaits = 1_000

    private let descriptor: CInt
    private let ring: Mapping
    private let entryMapping: Mapping
    private let entries: UnsafeMutablePointer<io_uring_sqe>
    private let submissionHead: UnsafeMutablePointer<UInt32>
    private let submissionTail: UnsafeMutablePointer<UInt32>
    private let submissionMask: UInt32
    private let completions: UnsafeMutablePointer<io_uring_cqe>
    private let completionHead: UnsafeMutablePointer<UInt32>
    private let completionTail: UnsafeMutablePointer<UInt32>
    private let completionMask: UInt32

    /// Tries it as well: a filter may allow one call and not the other, and a kernel need not know how to send.
    init() throws(Refusal) {
        var parameters = io_uring_params()
        parameters.flags = Self.setupFlags
        let descriptor = uring_setup(UInt32(Self.capacity), &parameters)
        guard descriptor >= 0 else { throw Refusal(step: "io_uring_setup", errno: Glibc.errno) }
        do throws(Refusal) {
            guard parameters.features & UInt32(IORING_FEAT_SINGLE_MMAP) != 0 else {
                throw Refusal(step: "io_uring_setup", errno: ENOSYS)
            }
            let (submission, completion) = (parameters.sq_off, parameters.cq_off)
            let ring = try Mapping(
                descriptor, at: uring_offset_ring,
                byteCount: max(
                    Int(submission.array) + Int(parameters.sq_entries) * MemoryLayout<UInt32>.stride,
                    Int(completion.cqes) + Int(parameters.cq_entries) * MemoryLayout<io_uring_cqe>.stride))
            self.entryMapping = try Mapping(
                descriptor, at: uring_offset_entries,
                byteCount: Int(parameters.sq_entries) * MemoryLayout<io_uring_sqe>.stride)
            self.entries = self.entryMapping.start.assumingMemoryBound(to: io_uring_sqe.self)
            self.submissionHead = ring.at(submission.head)
            self.submissionTail = ring.at(submission.tail)
            self.submissionMask = ring.at(submission.ring_mask).pointee
            self.completionHead = ring.at(completion.head)
            self.completionTail = ring.at(completion.tail)
            self.completionMask = ring.at(completion.ring_mask).pointee
            self.completions = (ring.start + Int(completion.cqes)).assumingMemoryBound(to: io_uring_cqe.self)
            // The queue names its entries by this table; ours are used one after the other.
            let table = ring.at(submission.array)
            for index in 0..<Int(parameters.sq_entries) { table[index] = UInt32(index) }
            self.ring = ring
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        try self.prove()
    }

    deinit { close(self.descriptor) }

    /// Sends a byte to ourselves.
    private func prove() throws(Refusal) {
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            throw Refusal(step: "socketpair", errno: Glibc.errno)
        }
        defer { for end in ends { close(end) } }
        let outcome = try withUnsafeBytes(of: UInt8(1)) { bytes throws(Refusal) in
            var sends: ContiguousArray = [SocketSend(bytes, to: ends[0])]
            try self.send(&sends)
            return sends[0].outcome
        }
        switch outcome {
        case .wrote(1): return
        case .failed(let code): throw Refusal(step: "IORING_OP_SEND", errno: code)
        case .wrote, nil: throw Refusal(step: "IORING_OP_SEND", errno: EIO)
        }
    }

    /// Makes all of these sends, at most ``capacity``, and notes how each has ended.
    ///
    /// Those that the kernel has not taken have no outcome: some of them when it is short of memory, all of them when
    /// this throws, because it takes none any more.
    func send(_ sends: inout ContiguousArray<SocketSend>) throws(Refusal) {
        precondition(sends.count <= Self.capacity)
        // Nobody else writes the tail, and all before it has been taken.
        let first = self.submissionTail.pointee
        for index in sends.indices {
            uring_prepare_send(
                self.entries + Int((first &+ UInt32(index)) & self.submissionMask), sends[index].descriptor,
                sends[index].bytes.baseAddress, UInt32(clamping: sends[index].bytes.count), UInt32(DirectWriter.flags),
                UInt64(index))
        }
        uring_store(self.submissionTail, first &+ UInt32(sends.count))
        let answer = uring_enter(
            self.descriptor, UInt32(sends.count), UInt32(sends.count), UInt32(IORING_ENTER_GETEVENTS))
        let error = Glibc.errno
        let end = uring_load(self.submissionHead)
        // What was not taken must not be found by the next call.
        uring_store(self.submissionTail, end)
        try self.collect(Int(end &- first), into: &sends)
        // Interrupted before anything was taken, or no memory for it: the next call may do better.
        if answer < 0, error != EINTR, error != EAGAIN, error != EBUSY, error != ENOMEM {
            throw Refusal(step: "io_uring_enter", errno: error)
        }
    }

    private func collect(_ count: Int, into sends: inout ContiguousArray<SocketSend>) throws(Refusal) {
        var missing = count - self.reap(into: &sends)
        var waits = 0
        while missing > 0 {
            waits += 1
            let answer = uring_enter(self.descriptor, 0, UInt32(missing), UInt32(IORING_ENTER_GETEVENTS))
            let error = Glibc.errno
            missing -= self.reap(into: &sends)
            guard missing > 0, answer < 0 && error != EINTR || waits == Self.maxWaits else { continue }
            // Nobody can say what has become of these: their connections are at an end.
            for index in 0..<count where sends[index].outcome == nil {
                sends[index].outcome = .failed(errno: ECANCELED)
            }
            throw Refusal(step: "io_uring_enter", errno: answer < 0 ? error : ETIME)
        }
    }

    /// Notes what has ended, and returns its number.
    private func reap(into sends: inout ContiguousArray<SocketSend>) -> Int {
        let start = self.completionHead.pointee
        let end = uring_load(self.completionTail)
        var head = start
        while head != end {
            let completion = self.completions[Int(head & self.completionMask)]
            sends[Int(completion.user_data)].end(completion.res)
            head &+= 1
        }
        uring_store(self.completionHead, end)
        return Int(end &- start)
    }
}

/// A part of a ring's memory, shared with the kernel.
private struct Mapping: ~Copyable {
    let start: UnsafeMutableRawPointer
    private let byteCount: Int

    init(_ descriptor: CInt, at offset: Int64, byteCount: Int) throws(SendRing.Refusal) {
        // Present from the start, so that no send meets a page fault.
        let start = mmap(
            nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, descriptor, off_t(offset))
        guard let start, start != MAP_FAILED else { throw SendRing.Refusal(step: "mmap", errno: errno) }
        self.start = start
        self.byteCount = byteCount
    }

    deinit { munmap(self.start, self.byteCount) }

    func at(_ offset: UInt32) -> UnsafeMutablePointer<UInt32> {
        (self.start + Int(offset)).assumingMemoryBound(to: UInt32.self)
    }
}

import Foundation
import Glibc
import Randomness
import Synchronization
import Testing

@testable import Gateway

@Suite struct SocketSenderTests {
    private static let refusal = SendRing.Refusal(step: "io_uring_setup", errno: EPERM)

    private static func send(_ bytes: [[UInt8]], to ends: [SocketEnds], by sender: inout SocketSender) -> [DirectWriter
        .Outcome?]
    {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.reduce(0) { $0 + $1.count }, alignment: 1)
        defer { memory.deallocate() }
        var sends: ContiguousArray<SocketSend> = []
        var start = 0
        for (part, end) in zip(bytes, ends) {
            let place = UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + part.count])
            place.copyBytes(from: part)
            sends.append(SocketSend(UnsafeRawBufferPointer(place), to: end.near))
            start += part.count
        }
        sender.send(&sends)
        return sends.map(\.outcome)
    }

    @Test func `without a ring everything is sent all the same, and it says why there is none`() {
        var sender = SocketSender(refusal: Self.refusal)
        let ends = (0..<20).map { _ in SocketEnds() }
        ends[3].hangUp()
        let outcomes = Self.send(ends.indices.map { [UInt8($0)] }, to: ends, by: &sender)
        for (index, end) in ends.enumerated() where index != 3 {
            #expect(outcomes[index] == .wrote(1))
            #expect(end.read() == [UInt8(index)])
        }
        #expect(outcomes[3] == .failed(errno: EPIPE))
        #expect(sender.refusal?.description == "io_uring_setup: Operation not permitted")
    }

    @Test(.enabled(if: (try? SendRing()) != nil))
    func `a ring that the kernel stops serving is given up for good, and nothing is lost by that`() throws {
        /// A ring serves the thread that made it; to any other its kernel refuses everything.
        final class Made: @unchecked Sendable {
            var sender: SocketSender?
            let reports = Mutex<[SendRing.Refusal]>([])
        }
        let made = Made()
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            made.sender = SocketSender { refusal in made.reports.withLock { $0.append(refusal) } }
            done.signal()
        }
        done.wait()
        var sender = try #require(made.sender)
        #expect(sender.refusal == nil)
        let ends = (0..<20).map { _ in SocketEnds() }
        for round in UInt8(0)..<3 {
            let outcomes = Self.send(ends.map { _ in [round] }, to: ends, by: &sender)
            #expect(outcomes == ends.map { _ in .wrote(1) })
        }
        for end in ends { #expect(end.read() == [0, 1, 2]) }
        let refusal = try #require(sender.refusal)
        #expect(refusal.step == "io_uring_enter")
        #expect(made.reports.withLock { $0 } == [refusal])
    }

    @Test(arguments: UInt64(1)...20)
    func `with a ring and without it the same happens to the same sends`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var together = SocketSender { _ in }
        var apart = SocketSender(refusal: Self.refusal)
        let count = 1 + random.below(60)
        let buffers = (0..<count).map { _ in CInt(4_096 << random.below(4)) }
        let (ours, theirs) = (buffers.map { SocketEnds(sendBuffer: $0) }, buffers.map { SocketEnds(sendBuffer: $0) })
        for _ in 0..<100 {
            let chosen = ours.indices.filter { _ in !random.oneIn(3) }
            let bytes = chosen.map { _ in
                let length = 1 + random.below(random.oneIn(10) ? 40_000 : 300)
                return [UInt8](repeating: UInt8(truncatingIfNeeded: random.next()), count: length)
            }
            let outcomes = Self.send(bytes, to: chosen.map { ours[$0] }, by: &together)
            #expect(outcomes == Self.send(bytes, to: chosen.map { theirs[$0] }, by: &apart))
            for index in ours.indices {
                if random.oneIn(4) {
                    let limit = 1 + random.below(50_000)
                    #expect(ours[index].read(limit) == theirs[index].read(limit))
                }
                if random.oneIn(300) {
                    ours[index].hangUp()
                    theirs[index].hangUp()
                }
            }
        }
    }
}

import NIOCore
import Testing

@testable import EngineIO

@Suite struct PacketQueueTests {
    @Test func `packets come out in order, and storage goes with the last`() {
        var queue = PacketQueue()
        var next = 0
        var expected = 0
        for round in 1...60 {
            for _ in 0..<round {
                queue.append(.text("4\(next)"))
                next += 1
            }
            for _ in 0..<(round == 60 ? queue.count : round / 2) {
                #expect(queue.first?.frame.text == "##4\(expected)")
                #expect(queue.popFirst()?.frame.text == "##4\(expected)")
                expected += 1
            }
            #expect(queue.invariants())
        }
        #expect(expected == next)
        #expect(queue.isEmpty)
        #expect(queue.bytes == 0)
        #expect(queue.popFirst()?.frame == nil)
    }

    @Test func `many small packets are held to cost more than their bytes`() {
        var queue = PacketQueue()
        for _ in 0..<1_000 { queue.append(.text("43")) }
        #expect(queue.bytes == 3_000)
        #expect(queue.heldBytes == 3_000 + 1_000 * OutboundPacket.cost)
        while queue.popFirst() != nil {}
        #expect(queue.heldBytes == 0)
    }

    @Test func `removing all leaves nothing`() {
        var queue = PacketQueue()
        for index in 0..<100 { queue.append(.binary([UInt8(index)])) }
        #expect(queue.bytes == 600)
        queue.removeAll()
        #expect(queue.invariants())
        #expect(queue.isEmpty)
    }
}

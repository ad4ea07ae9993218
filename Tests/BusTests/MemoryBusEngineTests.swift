import Synchronization
import Testing

import Bus
import struct NIOCore.ByteBuffer

@Suite struct MemoryBusEngineTests {
    private final class Inbox: Sendable {
        private let received = Mutex<[String]>([])

        var all: [String] { received.withLock { $0 } }

        func take(_ publication: Publication, _ offset: UInt64) {
            received.withLock { $0.append("\(offset) \(String(buffer: publication.event))") }
        }
    }

    private func event(_ name: String, in namespace: String = "/") -> Publication {
        Publication(namespace: namespace, target: Target(all: true), event: ByteBuffer(string: name))
    }

    @Test func `every subscriber of the namespace gets every publication in order`() {
        let engine = MemoryBusEngine()
        let (first, second, other) = (Inbox(), Inbox(), Inbox())
        let subscriptions = [
            engine.subscribe(to: "/", first.take), engine.subscribe(to: "/", second.take),
            engine.subscribe(to: "/other", other.take),
        ]
        #expect(engine.publish(event("a")) == 1)
        #expect(engine.publish(event("b")) == 2)
        #expect(engine.publish(event("c", in: "/other")) == 1)
        #expect(first.all == ["1 a", "2 b"])
        #expect(second.all == first.all)
        #expect(other.all == ["1 c"])
        subscriptions.forEach { $0.cancel() }
    }

    @Test func `nothing is delivered after a cancel, and offsets go on`() {
        let engine = MemoryBusEngine()
        let inbox = Inbox()
        let subscription = engine.subscribe(to: "/", inbox.take)
        engine.publish(event("a"))
        subscription.cancel()
        subscription.cancel()
        engine.publish(event("b"))
        engine.subscribe(to: "/", inbox.take).cancel()
        let again = engine.subscribe(to: "/", inbox.take)
        engine.publish(event("c"))
        #expect(inbox.all == ["1 a", "3 c"])
        again.cancel()
    }

    @Test func `publishers on many threads leave one order for all`() async {
        let engine = MemoryBusEngine()
        let (first, second) = (Inbox(), Inbox())
        let subscriptions = [engine.subscribe(to: "/", first.take), engine.subscribe(to: "/", second.take)]
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask { for number in 0..<100 { engine.publish(event("\(task).\(number)")) } }
            }
        }
        #expect(first.all.count == 800)
        #expect(first.all == second.all)
        #expect(first.all.compactMap { UInt64($0.prefix { $0 != " " }) } == Array(1...800))
        subscriptions.forEach { $0.cancel() }
    }
}

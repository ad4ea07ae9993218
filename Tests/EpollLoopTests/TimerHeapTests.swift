import NIOCore
import Randomness
import Testing

@testable import EpollLoop

@Suite struct TimerHeapTests {
    private static func at(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(0) + .milliseconds(milliseconds)
    }

    @Test func `tasks come up by deadline, and in the order of making where that is the same`() {
        var heap = TimerHeap()
        var ran: [Int] = []
        for (name, deadline) in [(1, 20), (2, 10), (3, 20), (4, 5)] as [(Int, Int64)] {
            _ = heap.add(Self.at(deadline)) {
                #expect($0); ran.append(name)
            }
        }
        #expect(heap.next() == Self.at(5))
        while let task = heap.popDue(Self.at(15), before: heap.mark) { task.run(inTime: true) }
        #expect(ran == [4, 2])
        while let task = heap.popDue(Self.at(20), before: heap.mark) { task.run(inTime: true) }
        #expect(ran == [4, 2, 1, 3])
        #expect(heap.next() == nil)
    }

    @Test func `what is made while others run waits for the next time`() {
        var heap = TimerHeap()
        _ = heap.add(Self.at(1)) { _ in }
        let mark = heap.mark
        _ = heap.add(Self.at(0)) { _ in Issue.record("it was made too late") }
        // The newer one is due earlier, and holds back nothing but itself.
        #expect(heap.popDue(Self.at(9), before: mark) == nil)
        #expect(heap.next() == Self.at(0))
    }

    @Test func `cancelled tasks neither run nor pile up`() {
        var heap = TimerHeap()
        _ = heap.add(Self.at(1_000_000)) { _ in }
        for number in 0..<10_000 {
            let task = heap.add(Self.at(Int64(number) + 1)) { _ in Issue.record("cancelled") }
            let (first, second) = (heap.cancel(task), heap.cancel(task))
            #expect(first != nil && second == nil)
            #expect(heap.count <= 2 * TimerHeap.few + 2)
        }
        #expect(heap.next() == Self.at(1_000_000))
        #expect(heap.removeAll().count == 1)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `against a sorted list`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var heap = TimerHeap()
        var model: [(deadline: Int64, name: Int, task: TimedTask)] = []
        var ran: [Int] = []
        var (now, name) = (Int64(0), 0)
        for _ in 0..<400 {
            switch random.next() % 4 {
            case 0, 1:
                let (deadline, number) = (now + Int64(random.next() % 50), name)
                model.append((deadline, number, heap.add(Self.at(deadline)) { _ in ran.append(number) }))
                name += 1
            case 2 where !model.isEmpty:
                let index = Int(random.next() % UInt64(model.count))
                _ = heap.cancel(model.remove(at: index).task)
            default:
                now += Int64(random.next() % 20)
                let due = model.filter { $0.deadline <= now }.sorted { ($0.deadline, $0.name) < ($1.deadline, $1.name) }
                model.removeAll { $0.deadline <= now }
                ran = []
                let mark = heap.mark
                while let task = heap.popDue(Self.at(now), before: mark) { task.run(inTime: true) }
                #expect(ran == due.map(\.name))
            }
            #expect(heap.next() == model.map(\.deadline).min().map(Self.at))
        }
    }
}

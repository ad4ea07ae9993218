import Testing

@testable import Outbox

@Suite struct LaneWindowTests {
    @Test func `as long as there is room, new events go to their handler at once`() {
        var window = LaneWindow(limits: .init(events: 3), isCaughtUp: true)
        #expect((1...3).map { window.committed(.sample($0)) } == [.take, .take, .take])
        #expect(window.need == nil)
        #expect(window.committed(.sample(4)) == .stop)
        // Events behind one that stayed in the file stay there too, whatever their lane.
        #expect(window.committed(.sample(5, lane: "socket:T")) == .leave)
        #expect(window.invariants())
    }

    @Test func `what was left in the file is read in order when there is room again`() {
        var window = LaneWindow(limits: .init(events: 8), isCaughtUp: true)
        for position in 1...10 { _ = window.committed(.sample(Int64(position), lane: "lane \(position)")) }
        #expect(window.need == nil)
        window.release(1)
        #expect(window.need == .scan(after: 8))
        #expect(window.offer(.sample(9, lane: "lane 9")) == .take)
        #expect(window.offer(.sample(10, lane: "lane 10")) == .stop)
        window.release(2)
        #expect(window.need == .scan(after: 9))
        #expect(window.offer(.sample(10, lane: "lane 10")) == .take)
        window.reachedEnd()
        window.release(3)
        #expect(window.need == nil)
        #expect(window.committed(.sample(11)) == .take)
        #expect(window.invariants())
    }

    @Test func `a lane that holds much does not crowd out the others`() {
        var window = LaneWindow(limits: .init(events: 100, laneEvents: 4), isCaughtUp: true)
        for position in 1...10 {
            #expect(window.committed(.sample(Int64(position))) == (position <= 4 ? .take : .leave))
        }
        #expect(window.isFull(lane: "socket:S") && !window.isFull(lane: "socket:T"))
        #expect(window.committed(.sample(11, lane: "socket:T")) == .take)
        #expect(window.need == nil)
        window.release(1)
        #expect(window.need == nil)
        window.release(2)
        // Half of the lane is through: the rest of it is read.
        #expect(window.need == .lane("socket:S", after: 4))
        #expect(window.offer(.sample(5), ofParked: "socket:S") == .take)
        #expect(window.offer(.sample(6), ofParked: "socket:S") == .take)
        #expect(window.offer(.sample(7), ofParked: "socket:S") == .stop)
        #expect(window.need == nil && window.invariants())
        for position in 3...6 { window.release(Int64(position)) }
        #expect(window.need == .lane("socket:S", after: 6))
        for position in 7...10 { #expect(window.offer(.sample(Int64(position)), ofParked: "socket:S") == .take) }
        window.reachedEnd(ofLane: "socket:S")
        #expect(!window.isFull(lane: "socket:S") && window.invariants())
    }

    @Test func `a lane that looks like one that is parked goes its own way`() {
        var window = LaneWindow(limits: .init(events: 100, laneEvents: 4), isCaughtUp: true)
        for position in 1...5 { _ = window.committed(.sample(Int64(position), lane: "user:caf\u{E9}")) }
        #expect(window.isFull(lane: "user:caf\u{E9}") && !window.isFull(lane: "user:cafe\u{301}"))
        // The file tells them apart: left there, it would not be found by who reads the parked one on.
        #expect(window.committed(.sample(6, lane: "user:cafe\u{301}")) == .take)
        #expect(window.count(inLane: "user:cafe\u{301}") == 1 && window.count(inLane: "user:caf\u{E9}") == -1)
        for position in 1...2 { window.release(Int64(position)) }
        #expect(window.need == .lane("user:caf\u{E9}", after: 4) && window.invariants())
        #expect(window.offer(.sample(5, lane: "user:caf\u{E9}"), ofParked: "user:caf\u{E9}") == .take)
        window.reachedEnd(ofLane: "user:caf\u{E9}")
        #expect(!window.isFull(lane: "user:caf\u{E9}") && window.invariants())
    }

    @Test func `an event larger than all the room goes when nothing else is there`() {
        var window = LaneWindow(limits: .init(bytes: 1_000), isCaughtUp: true)
        #expect(window.committed(.sample(1, length: 5_000)) == .take)
        #expect(window.committed(.sample(2)) == .stop)
        window.release(1)
        #expect(window.need == .scan(after: 1))
        #expect(window.offer(.sample(2)) == .take)
    }

    @Test func `events of a suspended route stay in the file, and come back from its beginning`() {
        var window = LaneWindow(isCaughtUp: true)
        #expect(window.committed(.sample(1)) == .take)
        window.suspend(route: "put")
        window.release(1)
        #expect(window.committed(.sample(2)) == .leave)
        #expect(window.committed(.sample(3, route: "other")) == .take)
        #expect(window.need == nil)
        window.resume()
        #expect(window.need == .scan(after: 0))
        #expect([1, 2].map { window.offer(.sample($0)) } == [.take, .take])
        #expect(window.offer(.sample(3, route: "other")) == .leave)
        #expect(window.invariants())
    }
}

import SocketIO
import Testing

@Suite struct PendingAcksTests {
    private let start = ContinuousClock.now

    @Test func `ids count up from zero and an answer returns its request once`() {
        var acks = PendingAcks<String>(limit: 4)
        #expect(acks.add("a", deadline: start + .seconds(1)) == 0)
        #expect(acks.add("b", deadline: start + .seconds(2)) == 1)
        #expect(acks.receive(1) == "b")
        #expect(acks.receive(1) == nil)
        #expect(acks.receive(0) == "a")
        #expect(acks.nextDeadline == nil)
        #expect(acks.add("c", deadline: start) == 2)
    }

    @Test func `S12 an unknown ack id is ignored`() {
        var acks = PendingAcks<String>(limit: 4)
        #expect(acks.receive(999) == nil)
        #expect(acks.receive(.max) == nil)
        _ = acks.add("a", deadline: start)
        #expect(acks.receive(1) == nil)
        #expect(acks.count == 1)
    }

    @Test func `S12 open requests are bounded`() {
        var acks = PendingAcks<Int>(limit: 100)
        let ids = (0..<10_000).compactMap { acks.add($0, deadline: start + .seconds(1)) }
        #expect(ids == (0..<100).map(UInt64.init))
        #expect(acks.count == 100)
        #expect(acks.receive(7) == 7)
        #expect(acks.add(1, deadline: start) == 100)
    }

    @Test func `requests end at their deadlines in the order in which they were made`() {
        var acks = PendingAcks<String>(limit: 10)
        _ = acks.add("late", deadline: start + .seconds(9))
        _ = acks.add("first", deadline: start + .seconds(2))
        _ = acks.add("second", deadline: start + .seconds(1))
        #expect(acks.nextDeadline == start + .seconds(1))
        #expect(acks.expire(now: start) == [])
        #expect(acks.expire(now: start + .seconds(2)) == ["first", "second"])
        #expect(acks.nextDeadline == start + .seconds(9))
        #expect(acks.receive(1) == nil)
        #expect(acks.expire(now: start + .seconds(9)) == ["late"])
        #expect(acks.nextDeadline == nil)
    }

    @Test func `a client that goes leaves nothing behind`() {
        var acks = PendingAcks<Int>(limit: 10)
        for request in 0..<5 { _ = acks.add(request, deadline: start) }
        #expect(acks.removeAll() == [0, 1, 2, 3, 4])
        #expect(acks.count == 0 && acks.nextDeadline == nil)
        #expect(acks.add(5, deadline: start) == 5)
    }
}

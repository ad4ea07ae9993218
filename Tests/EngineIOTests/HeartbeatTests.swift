import EngineIO
import Testing

@Suite struct HeartbeatTests {
    private let start = ContinuousClock.now

    private func heartbeat(interval: Int = 25, timeout: Int = 20) -> Heartbeat {
        Heartbeat(interval: .seconds(interval), timeout: .seconds(timeout), now: start)
    }

    @Test func `the first ping is due after the interval`() {
        var beat = heartbeat()
        let first = start + .seconds(25)
        let early = beat.tick(now: start)
        let onTime = beat.tick(now: first)
        #expect(early == .wait(until: first))
        #expect(onTime == .sendPing)
    }

    @Test func `E6 a client that never pongs is closed after pingInterval + pingTimeout, to the instant`() {
        var beat = heartbeat()
        _ = beat.tick(now: start + .seconds(25) + .milliseconds(80))
        let end = start + .seconds(45)
        let before = (beat.tick(now: end - .nanoseconds(1)), beat.isExpired(now: end - .nanoseconds(1)))
        let expired = beat.isExpired(now: end)
        let result = beat.tick(now: end)
        #expect(before == (.wait(until: end), false))
        #expect(expired)
        #expect(result == .close)
    }

    @Test func `pings keep their pace however long the pongs take`() {
        var beat = heartbeat()
        for round in 1...1_000 {
            let due = start + .seconds(25 * round)
            let ping = beat.tick(now: due)
            let pong = beat.receivePong(now: due + .seconds(19))
            let wait = beat.tick(now: due + .seconds(19))
            #expect(ping == .sendPing)
            #expect(pong == .answered)
            #expect(wait == .wait(until: due + .seconds(25)))
        }
    }

    @Test func `a pong that comes after the next ping was due is followed by that ping`() {
        var beat = heartbeat(interval: 1, timeout: 20)
        _ = beat.tick(now: start + .seconds(1))
        _ = beat.receivePong(now: start + .seconds(18))
        let result = beat.tick(now: start + .seconds(18))
        let next = beat.nextDeadline
        #expect(result == .sendPing)
        #expect(next == start + .seconds(38))
    }

    @Test func `E5 extra pongs are ignored, a flood of them is not`() {
        var beat = heartbeat()
        for _ in 0..<Heartbeat.strayLimit {
            let result = beat.receivePong(now: start)
            #expect(result == .unasked)
        }
        let result = beat.receivePong(now: start)
        #expect(result == .flood)
    }

    @Test func `extra pongs do not put off the next ping, and are forgotten with it`() {
        var beat = heartbeat()
        for _ in 0..<Heartbeat.strayLimit { _ = beat.receivePong(now: start + .seconds(24)) }
        let ping = beat.tick(now: start + .seconds(25))
        let results = (beat.receivePong(now: start + .seconds(26)), beat.receivePong(now: start + .seconds(26)))
        #expect(ping == .sendPing)
        #expect(results == (.answered, .unasked))
    }

    @Test func `a pause of this process does not count against the client`() {
        var beat = heartbeat()
        let woken = start + .seconds(300)
        let before = beat.isExpired(now: woken)
        let ping = beat.tick(now: woken)
        let deadline = beat.nextDeadline
        #expect(!before)
        #expect(ping == .sendPing)
        #expect(deadline == woken + .seconds(20))
    }

    // MARK: Driven by the client, as in protocol 3

    private func driven(interval: Int = 25, timeout: Int = 20) -> Heartbeat {
        Heartbeat(interval: .seconds(interval), timeout: .seconds(timeout), driver: .client, now: start)
    }

    @Test func `E6 a client that drives and never pings is closed after pingInterval + pingTimeout, to the instant`() {
        var beat = driven()
        let end = start + .seconds(45)
        let results = (beat.tick(now: end - .nanoseconds(1)), beat.tick(now: end))
        #expect(results == (.wait(until: end), .close))
    }

    @Test func `a ping puts the end off, and one that comes late is as good`() {
        var beat = driven()
        let ping = beat.receivePing(now: start + .seconds(46))
        let result = beat.tick(now: start + .seconds(46))
        #expect(ping)
        #expect(result == .wait(until: start + .seconds(91)))
    }

    @Test func `a pause of this process gives a client that drives the whole timeout, once`() {
        var beat = driven()
        let woken = start + .seconds(300)
        let results = (beat.isExpired(now: woken), beat.tick(now: woken), beat.tick(now: woken + .seconds(20)))
        #expect(results == (false, .wait(until: woken + .seconds(20)), .close))
    }

    @Test func `a client that was not read may ping later`() {
        var beat = driven()
        beat.excuse(now: start + .seconds(40))
        let result = beat.tick(now: start + .seconds(45))
        #expect(result == .wait(until: start + .seconds(60)))
    }

    @Test func `a quick pace is fine for ever, a flood is not`() {
        var quick = driven()
        for round in 1...10_000 {
            let isFine = quick.receivePing(now: start + .milliseconds(250 * round))
            #expect(isFine)
        }
        var flood = driven()
        var count = 0
        while flood.receivePing(now: start + .milliseconds(200 * count)), count < 1_000 { count += 1 }
        #expect(count == Int(Heartbeat.strayLimit))
    }

    @Test func `an interval of nothing does not trap`() {
        var beat = Heartbeat(interval: .zero, timeout: .zero, driver: .client, now: start)
        for _ in 0..<1_000 { _ = beat.receivePing(now: start) }
        let result = beat.tick(now: start)
        #expect(result == .close)
    }
}

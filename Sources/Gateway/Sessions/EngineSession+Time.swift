import EngineIO
import NIOCore

/// What a session does as time passes.
extension EngineSession {
    func schedule(after delay: Duration, now: ContinuousClock.Instant) {
        self.shard.timers.schedule(after: delay, slot: self.timerSlot, token: Self.timerToken, now: now)
    }
}

extension EngineSession: TimerTarget {
    func timerFired(token: UInt32, now: ContinuousClock.Instant) {
        if token == Self.postToken {
            if !self.isPaused { self.readPost() }
            return
        }
        self.settle()
        if self.isPaused {
            // Its pong may lie unread, because we do not read.
            self.machine.excusePong(now: now)
            return self.schedule(after: self.configuration.pingTimeout, now: now)
        }
        // Several things may be due at once; the machine does one at a time, and no more than these kinds exist.
        for _ in 0..<4 {
            switch self.machine.tick(now: now) {
            case .wait(let until):
                // A client that drives is looked at when its next ping is due; here it was given more time, or an older
                // timer has come round.
                guard self.configuration.revision == .three, until <= now + self.configuration.pingTimeout else {
                    return
                }
                return self.schedule(after: self.configuration.pingTimeout, now: now)
            case .none:
                return
            case .sendPing(let decision, _):
                // Not the next thing of all, which may be a probe's.
                let due = self.machine.heartbeatDeadline - self.configuration.pingTimeout
                switch decision {
                case .writeNow:
                    self.current?.send(OutboundPacket.ping.webSocketFrame)
                case .answerPoll: self.pollNeeded()
                case .queued, .dropped: break
                }
                self.schedule(after: self.configuration.pingTimeout, now: due)
                self.schedule(after: self.configuration.pingInterval, now: due)
            case .closeProbe:
                self.shard.counters.upgradesFailed &+= 1
                self.probing.take()?.close(code: nil)
            case .answerPoll:
                self.answerPoll()
            case .close(let ending):
                self.finish(ending)
            }
        }
    }
}

import Testing

@testable import Gateway

@Suite struct AuthorizationTermTests {
    private let start = ContinuousClock.now

    private func term(left: Duration, lead: Duration) -> AuthorizationTerm {
        AuthorizationTerm(now: self.start, left: left, lead: lead)
    }

    @Test func `somebody is asked once, in time, and then it ends`() {
        var term = self.term(left: .seconds(100), lead: .seconds(30))
        #expect(term.tick(now: self.start) == .wait(.seconds(70)))
        #expect(term.tick(now: self.start + .seconds(69)) == .wait(.seconds(1)))
        #expect(term.tick(now: self.start + .seconds(70)) == .ask(left: .seconds(30)))
        #expect(term.tick(now: self.start + .seconds(70)) == .wait(.seconds(30)))
        #expect(term.tick(now: self.start + .seconds(99)) == .wait(.seconds(1)))
        #expect(term.tick(now: self.start + .seconds(100)) == .end)
        #expect(term.tick(now: self.start + .seconds(101)) == .end)
    }

    @Test func `a short one is asked about halfway`() {
        var term = self.term(left: .seconds(4), lead: .seconds(30))
        #expect(term.tick(now: self.start) == .wait(.seconds(2)))
        #expect(term.tick(now: self.start + .seconds(2)) == .ask(left: .seconds(2)))
    }

    @Test func `one that was slept through ends without a question`() {
        var term = self.term(left: .seconds(4), lead: .seconds(1))
        #expect(term.tick(now: self.start + .seconds(5)) == .end)
        var past = self.term(left: .seconds(-5), lead: .seconds(1))
        #expect(past.tick(now: self.start) == .end)
    }

    @Test func `an end by the wall clock is kept within what can be counted`() {
        let now: Int64 = 1_800_000_000_250
        #expect(AuthorizationEnd.at(1_800_000_010).left(nowMilliseconds: now) == .milliseconds(9_750))
        #expect(AuthorizationEnd.at(1_799_999_999).left(nowMilliseconds: now) == .zero)
        #expect(AuthorizationEnd.at(.min).left(nowMilliseconds: now) == .zero)
        let century = Duration.seconds(100 * 365 * 86_400)
        #expect(AuthorizationEnd.at(.max).left(nowMilliseconds: now) <= century)
        #expect(AuthorizationEnd.after(.seconds(Int64.max)).left(nowMilliseconds: now) == century)
        #expect(AuthorizationEnd.after(.seconds(-1)).left(nowMilliseconds: now) == .zero)
        #expect(AuthorizationEnd(expiresAt: nil, ttlSeconds: .infinity)?.left(nowMilliseconds: now) == .seconds(1e9))
        #expect(AuthorizationEnd(expiresAt: nil, ttlSeconds: nil) == nil)
    }
}

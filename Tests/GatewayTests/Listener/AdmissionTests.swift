import ClientAddress

import Testing

@testable import Configuration
@testable import Gateway

@Suite struct AdmissionTests {
    private let now = ContinuousClock.now

    private func admission(
        connections: Int = 100, perIP: Int = 2, handshakes: Int = 1_000, pending: Int = 100
    ) -> Admission {
        let rate = Rate(count: 1_000, period: .seconds(1))
        return Admission(
            .init(
                maxConnections: connections, acceptRate: rate, maxConnectionsPerIP: perIP, maxHandshakes: 1_000,
                handshakesPerIP: .init(count: handshakes, period: .seconds(1)), maxPendingPerIP: pending,
                messagesPerSocket: rate, outputSoft: 1, outputHard: 1, maxRoomsPerSocket: 1, memoryBudget: .percent(70)),
            now: self.now)
    }

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    @Test func `A8 who is over the limit of an address takes no room of others`() throws {
        let admission = self.admission(connections: 4, perIP: 2)
        let greedy = try self.address("192.0.2.1")
        let refused = (0..<50).map { _ in admission.admit(greedy, now: self.now) }.filter { $0.refusal != nil }
        #expect(refused.count == 48)
        #expect(refused.allSatisfy { $0.refusal == .maxConnectionsPerIP && !$0.closesAtOnce })
        #expect(admission.admit(try self.address("192.0.2.2"), now: self.now).refusal == nil)
        #expect(admission.admit(try self.address("192.0.2.3"), now: self.now).refusal == nil)
        #expect(admission.admit(try self.address("192.0.2.4"), now: self.now).refusal == .maxConnections)
    }

    @Test func `so many that wait to be refused, then connections are closed without a word`() throws {
        let admission = self.admission(perIP: 1)
        let address = try self.address("192.0.2.1")
        _ = admission.admit(address, now: self.now)
        let permits = (0..<1_001).map { _ in admission.admit(address, now: self.now) }
        #expect(permits.count { $0.closesAtOnce } == 1)
        for permit in permits { admission.release(permit, now: self.now) }
        #expect(!admission.admit(address, now: self.now).closesAtOnce)
    }

    @Test func `A8 a hundred addresses of one network are one client`() throws {
        let admission = self.admission(perIP: 3)
        let verdicts = try (1...100).map { number in
            admission.admit(try self.address("2001:db8:0:7::\(String(number, radix: 16))"), now: self.now).refusal
        }
        #expect(verdicts.count { $0 == nil } == 3)
        #expect(admission.admit(try self.address("2001:db8:0:8::1"), now: self.now).refusal == nil)
    }

    private func session(_ admission: Admission, _ text: String, forwarded: Bool = true) throws -> Admission.Refusal? {
        let client = ClientOrigin(ip: try self.address(text), isTLS: false, isTrusted: forwarded)
        switch admission.admitSession(of: client, now: self.now) {
        case .success: return nil
        case .failure(let refusal): return refusal.reason
        }
    }

    @Test func `A8 sessions behind a proxy are counted by their own address`() throws {
        let admission = self.admission(perIP: 2)
        #expect(try self.session(admission, "203.0.113.9") == nil)
        #expect(try self.session(admission, "203.0.113.9") == nil)
        #expect(try self.session(admission, "203.0.113.9") == .maxConnectionsPerIP)
        #expect(try self.session(admission, "203.0.113.10") == nil)
        // Without a proxy the connections are what is counted.
        for _ in 0..<10 { #expect(try self.session(admission, "192.0.2.1", forwarded: false) == nil) }
    }

    @Test func `E11 sessions in no namespace are few, until they have entered one`() throws {
        let admission = self.admission(perIP: 100, pending: 2)
        let client = ClientOrigin(ip: try self.address("203.0.113.9"), isTLS: false, isTrusted: true)
        var first = try admission.admitSession(of: client, now: self.now).get()
        var second = try admission.admitSession(of: client, now: self.now).get()
        #expect(try self.session(admission, "203.0.113.9") == .pendingSessions)
        admission.settle(&first, now: self.now)
        admission.settle(&first, now: self.now)
        #expect(try self.session(admission, "203.0.113.9") == nil)
        #expect(try self.session(admission, "203.0.113.9") == .pendingSessions)
        admission.release(&second, now: self.now)
        admission.release(&second, now: self.now)
        #expect(try self.session(admission, "203.0.113.9") == nil)
        #expect(try self.session(admission, "203.0.113.9") == .pendingSessions)
    }

    @Test func `E11 handshakes of one address come at a rate`() throws {
        let admission = self.admission(perIP: 1_000, handshakes: 20, pending: 1_000)
        let verdicts = try (0..<150).map { _ in try self.session(admission, "192.0.2.1", forwarded: false) }
        #expect(verdicts.count { $0 == nil } == 100)
        #expect(verdicts.last == .handshakeRate)
        #expect(try self.session(admission, "192.0.2.2", forwarded: false) == nil)
    }

    @Test func `a proxy that names nobody, and a unix socket, are not counted`() throws {
        let admission = self.admission(pending: 1)
        let proxy = ClientOrigin(ip: try self.address("10.0.0.1"), isTLS: false, isTrusted: true, isProxyItself: true)
        let local = ClientOrigin(ip: nil, isTLS: false, isTrusted: false)
        for client in [proxy, local] {
            for _ in 0..<5 { _ = try admission.admitSession(of: client, now: self.now).get() }
        }
    }
}

import OpenSSLTLS
import Testing

@Suite struct TLSContextBoxTests {
    @Test func `a reload is for new connections; the old ones go on with what they began with`() throws {
        let box = try TLSContextBox(.forTests())
        let old = try TestConnection(box.current)
        old.feed(old.client.receive([]))
        let waiting = try TestConnection(box.current)
        try box.reload(.init(files: TestCertificates.exact), now: 1_900_000_000)

        waiting.handshake()
        #expect(waiting.client.serverSubject == "CN=default")
        let new = try TestConnection(box.current)
        new.handshake()
        #expect(new.client.serverSubject == "CN=exact")
    }

    @Test func `a bad pair leaves the old one in place`() throws {
        let box = try TLSContextBox(.forTests())
        let before = box.current
        let bad = TLSContext.Options.KeyPair(
            certificate: TestCertificates.exact.certificate, key: TestCertificates.fallback.key)
        #expect(throws: TLSContextError.keyMismatch(certificate: bad.certificate, key: bad.key)) {
            try box.reload(.init(files: bad), now: 1_900_000_000)
        }
        #expect(box.current === before)
    }

    @Test func `no handshake fails while contexts are swapped`() async throws {
        let box = try TLSContextBox(.forTests())
        let fallback = TLSContext.Options(files: TestCertificates.fallback)
        let exact = TLSContext.Options(files: TestCertificates.exact)
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                for round in 0..<20 { try box.reload(round % 2 == 0 ? exact : fallback, now: 1_900_000_000) }
                return 0
            }
            for _ in 0..<4 {
                group.addTask {
                    var established = 0
                    for _ in 0..<50 {
                        let connection = try TestConnection(box.current)
                        connection.handshake()
                        if connection.engine.isEstablished { established += 1 }
                    }
                    return established
                }
            }
            let established = try await group.reduce(0, +)
            #expect(established == 200)
        }
    }
}

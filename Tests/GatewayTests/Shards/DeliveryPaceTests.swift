import Testing

@testable import Gateway

@Suite struct DeliveryPaceTests {
    @Test func `the events of a turn are bulk from some hundred receivers on, be they of one event or of many`() {
        var pace = DeliveryPace()
        #expect(pace.urgency(of: 100, to: DeliveryPace.promptReceivers) == .prompt)
        #expect(pace.urgency(of: 100, to: 1) == .bulk)
        pace.turnEnded(hasBulk: true)
        for _ in 0..<DeliveryPace.promptReceivers { #expect(pace.urgency(of: 100, to: 1) == .prompt) }
        #expect(pace.urgency(of: 100, to: 1) == .bulk)
        pace.turnEnded(hasBulk: false)
        #expect(pace.urgency(of: 100, to: DeliveryPace.promptReceivers + 1) == .bulk)
    }

    @Test func `a large event is bulk for fewer receivers, and never for one`() {
        for (bytes, receivers) in [(1 << 20, 8), (1 << 18, 32), (DeliveryPace.bytesPerReceiver, 257)] {
            var pace = DeliveryPace()
            #expect(pace.urgency(of: bytes, to: receivers) == .bulk)
            pace.turnEnded(hasBulk: false)
            #expect(pace.urgency(of: bytes, to: receivers / 2) == .prompt)
        }
        var pace = DeliveryPace()
        #expect(pace.urgency(of: 1_000_000, to: 1) == .prompt)
    }

    @Test func `no more is delivered than a client may have waiting, until all of it has been sent`() {
        var pace = DeliveryPace()
        func hasRoom(hasBulk: Bool) -> Bool { pace.hasRoom(pieces: 1_000, hasBulk: hasBulk, limit: 1_000) }
        pace.added(bulk: 900)
        #expect(hasRoom(hasBulk: true))
        pace.added(bulk: 101)
        #expect(!hasRoom(hasBulk: true))
        // Also where all of it leaves with this turn, because its receivers were sent something prompt before.
        #expect(!hasRoom(hasBulk: false))
        for _ in 0..<3 {
            pace.turnEnded(hasBulk: true)
            #expect(!hasRoom(hasBulk: true))
        }
        pace.turnEnded(hasBulk: false)
        #expect(hasRoom(hasBulk: false))
        // A single event may be larger.
        pace.added(bulk: 1_000_000)
        #expect(!hasRoom(hasBulk: true))
    }

    @Test func `as many pieces as bulk may be leave room for what is prompt`() {
        let pace = DeliveryPace()
        let half = DeliveryPace.maxPieces / 2
        #expect(pace.hasRoom(pieces: half, hasBulk: true, limit: 1))
        #expect(!pace.hasRoom(pieces: half + 1, hasBulk: true, limit: 1))
        #expect(pace.hasRoom(pieces: 2 * half, hasBulk: false, limit: 1))
        #expect(!pace.hasRoom(pieces: 2 * half + 1, hasBulk: false, limit: 1))
    }
}

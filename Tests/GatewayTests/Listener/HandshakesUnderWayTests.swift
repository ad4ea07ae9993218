import Testing

@testable import Gateway

@Suite struct HandshakesUnderWayTests {
    @Test func `the oldest makes room`() {
        var handshakes = HandshakesUnderWay<String>(limit: 2)
        #expect(handshakes.began("a").crowdedOut == nil)
        #expect(handshakes.began("b").crowdedOut == nil)
        #expect(handshakes.began("c").crowdedOut == "a")
        #expect(handshakes.began("d").crowdedOut == "b")
        #expect(handshakes.count == 2)
    }

    @Test func `one that is complete has left its place`() {
        var handshakes = HandshakesUnderWay<String>(limit: 2)
        let first = handshakes.began("a").number
        _ = handshakes.began("b")
        handshakes.ended(first)
        handshakes.ended(first)
        #expect(handshakes.count == 1)
        #expect(handshakes.began("c").crowdedOut == nil)
        #expect(handshakes.began("d").crowdedOut == "b")
    }

    @Test func `a limit of none is one`() {
        var handshakes = HandshakesUnderWay<Int>(limit: 0)
        #expect(handshakes.began(1).crowdedOut == nil)
        #expect(handshakes.began(2).crowdedOut == 1)
    }

    @Test func `after many have come and gone the order still holds`() {
        var handshakes = HandshakesUnderWay<Int>(limit: 100)
        _ = handshakes.began(-1)
        for number in 0..<10_000 { handshakes.ended(handshakes.began(number).number) }
        for number in 0..<99 { #expect(handshakes.began(number).crowdedOut == nil) }
        #expect(handshakes.began(99).crowdedOut == -1)
        #expect(handshakes.began(100).crowdedOut == 0)
    }
}

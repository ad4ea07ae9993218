import Randomness
import Testing

@testable import Bus

@Suite struct SpoiltPositionsTests {
    private func spoilt(_ spans: [(String?, ClosedRange<UInt64>)], floor: UInt64 = 0) -> SpoiltPositions {
        var positions = SpoiltPositions()
        for (user, span) in spans { positions.add(.init(user: user, positions: span), floor: floor) }
        return positions
    }

    @Test func `a position is spoilt for its user, and for everybody when nobody knew whose it was`() {
        let positions = spoilt([("ada", 10...20), (nil, 30...40)])
        #expect(positions.contains(10, of: "ada") && positions.contains(20, of: "ada"))
        #expect(!positions.contains(9, of: "ada") && !positions.contains(21, of: "ada"))
        #expect(!positions.contains(15, of: "bob") && !positions.contains(15, of: nil))
        // Who logs in and comes back is somebody who was nobody before.
        for user in [nil, "ada", "bob"] { #expect(positions.contains(35, of: user)) }
    }

    @Test func `users whose names look alike are two`() {
        let positions = spoilt([("caf\u{E9}", 1...2)])
        #expect(positions.contains(1, of: "caf\u{E9}") && !positions.contains(1, of: "cafe\u{301}"))
    }

    @Test func `spans that meet become one, and what the log does not reach goes`() {
        var positions = spoilt([("a", 10...20), ("a", 40...50), ("a", 15...45)])
        positions.add(.init(user: "a", positions: 51...51), floor: 0)
        positions.add(.init(user: "a", positions: 9...9), floor: 0)
        #expect(positions.all == [.init(user: "a", positions: 9...51)])
        positions.add(.init(user: "a", positions: 60...61), floor: 52)
        #expect(positions.all == [.init(user: "a", positions: 60...61)])
        positions.add(.init(user: "a", positions: 62...63), floor: 64)
        #expect(positions.all == [.init(user: "a", positions: 60...61)])
    }

    @Test func `of too many spans the nearest become one, and none is lost`() {
        var positions = SpoiltPositions()
        for number in 0..<UInt64(SpoiltPositions.maxSpans) + 1 {
            // The fourth is nearest to the third.
            let start = number == 4 ? 303 : number * 100
            positions.add(.init(user: "a", positions: start...(start + 1)), floor: 0)
        }
        #expect(positions.invariants() && positions.all.count == SpoiltPositions.maxSpans)
        #expect(positions.all.contains(.init(user: "a", positions: 300...304)))
        #expect(!positions.contains(200 + 50, of: "a"))
    }

    @Test func `of too many users it is everybody's, and none is lost`() {
        var positions = SpoiltPositions()
        for number in 0..<UInt64(SpoiltPositions.maxUsers) {
            positions.add(.init(user: "u\(number)", positions: number...number), floor: 0)
        }
        #expect(positions.invariants() && !positions.contains(7, of: "u8") && positions.contains(7, of: "u7"))
        positions.add(.init(user: "late", positions: 20_000...20_000), floor: 9_000)
        #expect(positions.invariants())
        // Those that the log does not reach have made room: users are still told apart.
        #expect(positions.contains(9_500, of: "u9500") && !positions.contains(9_500, of: "u1"))
        for number in 0..<UInt64(SpoiltPositions.maxUsers) {
            positions.add(.init(user: "v\(number)", positions: number + 30_000...number + 30_000), floor: 9_000)
        }
        #expect(positions.invariants() && positions.contains(9_500, of: "u1"))
    }

    @Test func `whatever is added is found, until the log has passed it`() {
        for seed in UInt64(1)...20 {
            var random = SeededRandom(seed: seed)
            var positions = SpoiltPositions()
            var added: [SpoiltPositions.Span] = []
            var floor: UInt64 = 0
            for step in UInt64(0)..<300 {
                let lower = UInt64.random(in: floor...(floor + 200), using: &random)
                let upper = lower + UInt64.random(in: 0...30, using: &random)
                let user = [nil, "a", "b"].randomElement(using: &random) ?? nil
                added.append(.init(user: user, positions: lower...upper))
                positions.add(.init(user: user, positions: lower...upper), floor: floor)
                if step % 3 == 0 { floor += UInt64.random(in: 0...20, using: &random) }
                #expect(positions.invariants(), "seed \(seed)")
            }
            for span in added where span.positions.upperBound >= floor {
                let known = max(floor, span.positions.lowerBound)...span.positions.upperBound
                let position = UInt64.random(in: known, using: &random)
                #expect(positions.contains(position, of: span.user), "seed \(seed)")
            }
        }
    }
}

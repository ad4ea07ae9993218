import Foundation
import Randomness
import Testing

@testable import HandlerContract

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_767_225_600_123, "2026-01-01T00:00:00.123Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (Int64.max, "9999-12-31T23:59:59.999Z"),
            (Int64.min, "0001-01-01T00:00:00.000Z"),
        ] as [(Int64, String)])
    func `a point in time is written in UTC with milliseconds`(milliseconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: milliseconds).iso8601() == text)
    }

    @Test func `seconds are enough where the contract says so`() {
        #expect(Timestamp(milliseconds: 1_767_225_540_999).iso8601(.seconds) == "2025-12-31T23:59:00Z")
    }

    @Test func `twenty thousand moments read as Foundation writes them`() {
        let seed: UInt64 = 20_260_101
        var random = SeededRandom(seed: seed)
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for _ in 0..<20_000 {
            // From 1583 on, where Foundation's calendar is Gregorian as well, to 9999.
            let milliseconds = Int64.random(in: -12_212_553_600_000...253_402_300_799_999, using: &random)
            // Foundation counts in doubles: whole quarters of a second are exact in them.
            let exact = milliseconds - milliseconds % 250
            let date = Date(timeIntervalSince1970: Double(exact) / 1_000)
            #expect(Timestamp(milliseconds: exact).iso8601() == style.format(date), "seed \(seed)")
        }
    }

    @Test func `every day of eight centuries follows the one before and comes back from its date`() {
        var previous = Timestamp.civil(fromDays: -150_001)
        for day in Int64(-150_000)...150_000 {
            let (year, month, dayOfMonth) = Timestamp.civil(fromDays: day)
            let follows =
                (year, month, dayOfMonth) == (previous.year, previous.month, previous.day + 1)
                || (year, month, dayOfMonth) == (previous.year, previous.month + 1, 1)
                || (year, month, dayOfMonth) == (previous.year + 1, 1, 1)
            if !follows || Timestamp.days(year: year, month: month, day: dayOfMonth) != day {
                Issue.record("day \(day): \(year)-\(month)-\(dayOfMonth)")
            }
            previous = (year, month, dayOfMonth)
        }
    }

    @Test func `seconds round down and do not overflow`() {
        #expect(Timestamp(milliseconds: -1).seconds == -1)
        #expect(Timestamp(milliseconds: 1_999).seconds == 1)
        #expect(Timestamp(seconds: .max).milliseconds == .max)
        #expect(Timestamp(seconds: .min).milliseconds == .min)
        #expect(Timestamp(milliseconds: .min).seconds < 0)
    }
}

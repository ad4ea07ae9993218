/// A point in wall-clock time, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// Wall-clock time is for what leaves the process (envelopes, headers, event ids). Durations inside the process are
/// measured with `ContinuousClock`.
package struct Timestamp: Hashable, Sendable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    package init(seconds: Int64) {
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000)
        milliseconds = overflow ? (seconds < 0 ? .min : .max) : product
    }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int64 {
        Self.floorDivide(milliseconds, 1_000).quotient
    }

    /// How much of the second the text shows.
    package enum Precision: Sendable { case milliseconds, seconds }

    /// ISO 8601 in UTC: `2026-01-01T00:00:00.123Z`.
    ///
    /// Years outside 1…9999 are shown as the nearest instant inside.
    package func iso8601(_ precision: Precision = .milliseconds) -> String {
        let clamped = min(max(milliseconds, Self.earliest), Self.latest)
        let (seconds, fraction) = Self.floorDivide(clamped, 1_000)
        let (days, secondOfDay) = Self.floorDivide(seconds, 86_400)
        let (year, month, day) = Self.civil(fromDays: days)
        return String(unsafeUninitializedCapacity: 24) { buffer in
            var writer = DigitWriter(buffer: buffer)
            writer.digits(year, width: 4)
            writer.byte("-")
            writer.digits(month, width: 2)
            writer.byte("-")
            writer.digits(day, width: 2)
            writer.byte("T")
            writer.digits(secondOfDay / 3_600, width: 2)
            writer.byte(":")
            writer.digits(secondOfDay / 60 % 60, width: 2)
            writer.byte(":")
            writer.digits(secondOfDay % 60, width: 2)
            if precision == .milliseconds {
                writer.byte(".")
                writer.digits(fraction, width: 3)
            }
            writer.byte("Z")
            return writer.count
        }
    }

    /// 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.999Z: what four digits of a year can show.
    private static let earliest: Int64 = -62_135_596_800_000
    private static let latest: Int64 = 253_402_300_799_999

    /// The proleptic Gregorian date of a day counted from 1970-01-01.
    ///
    /// Years are counted from March, so that the leap day is the last of its year; an era is 400 years, 146,097 days.
    static func civil(fromDays days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    /// The day counted from 1970-01-01 of a proleptic Gregorian date; the inverse of ``civil(fromDays:)``.
    static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let marchYear = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(marchYear, 400)
        let marchMonth = month > 2 ? month - 3 : month + 9
        let dayOfYear = (153 * marchMonth + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func floorDivide(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}

extension Timestamp: Comparable {
    package static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }
}

/// Writes fixed-width decimal numbers into a buffer that is large enough for them.
private struct DigitWriter {
    let buffer: UnsafeMutableBufferPointer<UInt8>
    var count = 0

    mutating func byte(_ scalar: Unicode.Scalar) {
        buffer[count] = UInt8(ascii: scalar)
        count += 1
    }

    mutating func digits(_ value: Int64, width: Int) {
        var rest = value
        for position in stride(from: count + width - 1, through: count, by: -1) {
            buffer[position] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += width
    }
}

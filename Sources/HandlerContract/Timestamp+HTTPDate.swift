extension Timestamp {
    /// The date of an HTTP header field in any of its three forms (RFC 9110, 5.6.7); nil when it is none of them.
    ///
    /// `Sun, 06 Nov 1994 08:49:37 GMT`, `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`. The name of
    /// the weekday is not compared with the date. `now` decides the century of a two-digit year: at most 50 years ahead.
    package init?(httpDate text: String, now: Timestamp) {
        // The longest form is 33 characters; anything much longer is not worth splitting.
        guard text.utf8.count <= 64 else { return nil }
        let words = text.split(separator: " ").map(Array.init(_:))
        let parsed: (year: Int64, month: Int64, day: Int64, time: [Character])
        switch words.count {
        case 6 where words[5] == Array("GMT") && words[0].last == ",":
            guard let day = Self.number(words[1], digits: 2), let month = Self.month(words[2]),
                let year = Self.number(words[3], digits: 4)
            else { return nil }
            parsed = (year, month, day, words[4])
        case 4 where words[3] == Array("GMT") && words[0].last == ",":
            let parts = words[1].split(separator: "-", omittingEmptySubsequences: false).map(Array.init(_:))
            guard parts.count == 3, let day = Self.number(parts[0], digits: 2), let month = Self.month(parts[1]),
                let shortYear = Self.number(parts[2], digits: 2)
            else { return nil }
            parsed = (Self.fullYear(shortYear, now: now), month, day, words[2])
        case 5:
            guard let month = Self.month(words[1]), let year = Self.number(words[4], digits: 4),
                let day = Self.number(words[2], digits: 2) ?? Self.number(words[2], digits: 1)
            else { return nil }
            parsed = (year, month, day, words[3])
        default:
            return nil
        }
        let clock = parsed.time.split(separator: ":", omittingEmptySubsequences: false).map(Array.init(_:))
        guard clock.count == 3, let hour = Self.number(clock[0], digits: 2), hour < 24,
            let minute = Self.number(clock[1], digits: 2), minute < 60,
            let second = Self.number(clock[2], digits: 2), second <= 60,  // 60: a leap second
            parsed.day >= 1
        else { return nil }
        let days = Self.days(year: parsed.year, month: parsed.month, day: parsed.day)
        // 31 February is a number of days as well: only a date that comes back unchanged exists.
        guard Self.civil(fromDays: days) == (parsed.year, parsed.month, parsed.day) else { return nil }
        self.init(seconds: days * 86_400 + hour * 3_600 + minute * 60 + second)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func month(_ name: [Character]) -> Int64? {
        months.firstIndex(of: String(name)).map { Int64($0) + 1 }
    }

    private static func number(_ text: [Character], digits: Int) -> Int64? {
        guard text.count == digits else { return nil }
        var value: Int64 = 0
        for character in text {
            guard let ascii = character.asciiValue, (0x30...0x39).contains(ascii) else { return nil }
            value = value * 10 + Int64(ascii - 0x30)
        }
        return value
    }

    private static func fullYear(_ twoDigits: Int64, now: Timestamp) -> Int64 {
        let clamped = min(max(now.seconds, 0), 253_402_300_799)
        let currentYear = civil(fromDays: clamped / 86_400).year
        let candidate = currentYear - currentYear % 100 + twoDigits
        return candidate > currentYear + 50 ? candidate - 100 : candidate
    }
}

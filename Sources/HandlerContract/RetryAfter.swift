/// The `Retry-After` header field (RFC 9110, 10.2.3): seconds, or an HTTP date.
package enum RetryAfter {
    /// We come back after an hour at the latest, whatever the handler says.
    package static let longest = Duration.seconds(3_600)

    /// How long to wait; nil when the value is neither form.
    ///
    /// A date in the past is no wait.
    package static func parse(_ value: String, now: Timestamp) -> Duration? {
        let blanks: [UInt8] = [0x20, 0x09]
        var trimmed = value.utf8[...]
        while let first = trimmed.first, blanks.contains(first) { trimmed.removeFirst() }
        while let last = trimmed.last, blanks.contains(last) { trimmed.removeLast() }
        guard let first = trimmed.first else { return nil }
        if (0x30...0x39).contains(first) {
            guard trimmed.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            // More digits than 64 bits hold are far beyond the limit.
            let seconds = Int64(Substring(trimmed)) ?? .max
            return seconds >= longest.components.seconds ? longest : .seconds(seconds)
        }
        guard let date = Timestamp(httpDate: String(Substring(trimmed)), now: now) else { return nil }
        let seconds = date.seconds.subtractingReportingOverflow(now.seconds)
        guard !seconds.overflow else { return longest }
        return min(max(.seconds(seconds.partialValue), .zero), longest)
    }
}

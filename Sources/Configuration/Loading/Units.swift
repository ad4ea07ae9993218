/// Why a text is no duration, size or rate: the rest of the sentence after the text itself.
struct UnitError: Error, Hashable, Sendable {
    let message: String
}

/// The units that the document writes: `"25s"`, `"64KiB"`, `"1000/s"`, `"70%"`.
enum Units {
    /// `250ms`, `25s`, `2m`, `1h`: one whole number and one unit.
    static func duration(_ text: String) throws(UnitError) -> Duration {
        guard let (count, unit) = split(text) else {
            throw UnitError(
                message: "is not a duration; write a whole number and a unit (ms, s, m, h), such as \"25s\"")
        }
        let milliseconds: Int
        switch unit {
        case "ms": milliseconds = 1
        case "s": milliseconds = 1000
        case "m": milliseconds = 60_000
        case "h": milliseconds = 3_600_000
        case "": throw UnitError(message: bareNumber(text))
        default: throw UnitError(message: "has no unit of time in \"\(unit)\"; use ms, s, m or h")
        }
        let (total, overflow) = count.multipliedReportingOverflow(by: milliseconds)
        guard !overflow else { throw UnitError(message: "is longer than this program can count") }
        return .milliseconds(total)
    }

    /// Socket.IO's options count milliseconds, people think in seconds: both are shown where both may be meant.
    private static func bareNumber(_ text: String) -> String {
        guard let count = Int(text), count >= 1_000, count % 1_000 == 0 else {
            return "needs a unit: write \"\(text)s\" (ms, s, m, h)"
        }
        return "needs a unit: write \"\(count / 1_000)s\" or \"\(text)ms\" (ms, s, m, h)"
    }

    /// `64KiB`, `1MB`, or a whole number of bytes.
    static func size(_ text: String) throws(UnitError) -> Int {
        guard let (count, unit) = split(text) else {
            throw UnitError(message: "is not a size; write \"64KiB\", \"1MB\" or a whole number of bytes")
        }
        guard let factor = unit.isEmpty ? 1 : sizes.first(where: { $0.unit == unit })?.factor else {
            let names = sizes.map(\.unit).joined(separator: ", ")
            throw UnitError(message: "has no unit of size in \"\(unit)\"; use \(names)")
        }
        let (total, overflow) = count.multipliedReportingOverflow(by: factor)
        guard !overflow else { throw UnitError(message: "is larger than this program can count") }
        return total
    }

    /// `1000/s`, also per `m` or `h`.
    static func rate(_ text: String) throws(UnitError) -> Rate {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let (count, rest) = split(String(parts[0])), rest.isEmpty, parts.count <= 2 else {
            throw UnitError(message: "is not a rate; write \"1000/s\"")
        }
        guard parts.count == 2 else { throw UnitError(message: "needs a unit: write \"\(text)/s\"") }
        guard count > 0 else { throw UnitError(message: "lets nothing through; write at least \"1/\(parts[1])\"") }
        switch parts[1] {
        case "s": return Rate(count: count, period: .seconds(1))
        case "m": return Rate(count: count, period: .seconds(60))
        case "h": return Rate(count: count, period: .seconds(3600))
        default: throw UnitError(message: "has no unit of time in \"\(parts[1])\"; use /s, /m or /h")
        }
    }

    /// `70%` of the machine's memory, or a size.
    static func memoryBudget(_ text: String) throws(UnitError) -> MemoryBudget {
        guard text.hasSuffix("%") else {
            guard let (_, unit) = split(text) else {
                throw UnitError(message: "is not an amount of memory; write \"70%\" or \"2GiB\"")
            }
            guard !unit.isEmpty else {
                throw UnitError(message: "needs a unit: write \"\(text)%\" or a size such as \"2GiB\"")
            }
            return .bytes(try size(text))
        }
        guard let (percent, rest) = split(String(text.dropLast())), rest.isEmpty, (1...100).contains(percent) else {
            throw UnitError(message: "is not a share of memory; write \"1%\" to \"100%\"")
        }
        return .percent(percent)
    }

    /// The leading digits as a number, and what follows them; nil when there are none or too many.
    private static func split(_ text: String) -> (Int, String)? {
        let digits = text.utf8.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty, let count = Int(Substring(digits)) else { return nil }
        let rest = text.utf8[digits.endIndex...]
        guard rest.count <= 8, rest.allSatisfy({ (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }) else {
            return nil
        }
        return (count, String(Substring(rest)))
    }

    private static let sizes: [(unit: String, factor: Int)] = [
        ("B", 1), ("KB", 1000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("TB", 1_000_000_000_000),
        ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40),
    ]
}

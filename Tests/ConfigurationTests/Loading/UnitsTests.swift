import Testing

@testable import Configuration

@Suite struct UnitsTests {
    @Test(
        arguments: [
            ("0s", .zero), ("1ms", .milliseconds(1)), ("250ms", .milliseconds(250)), ("25s", .seconds(25)),
            ("2m", .seconds(120)), ("1h", .seconds(3600)), ("024h", .seconds(86400)),
        ] as [(String, Duration)])
    func `a duration is a whole number and a unit`(_ text: String, _ duration: Duration) throws {
        #expect(try Units.duration(text) == duration)
    }

    @Test(arguments: [
        "", "s", "25", "1.5s", "-1s", "+1s", " 1s", "1s ", "1 s", "1S", "1min", "1d", "1m30s", "٣s", "1e3s",
        "99999999999999999999s", "9223372036854775807s", "9223372036854775807h",
    ])
    func `everything else is no duration`(_ text: String) {
        #expect(throws: UnitError.self) { try Units.duration(text) }
    }

    @Test(arguments: [
        ("0", 0), ("1", 1), ("17B", 17), ("1KB", 1000), ("1MB", 1_000_000), ("2GB", 2_000_000_000),
        ("1TB", 1_000_000_000_000), ("64KiB", 65536), ("1MiB", 1_048_576), ("4GiB", 4_294_967_296),
        ("1TiB", 1_099_511_627_776),
    ])
    func `a size is a number of bytes, with a unit or without`(_ text: String, _ bytes: Int) throws {
        #expect(try Units.size(text) == bytes)
    }

    @Test(arguments: ["", "KB", "1kb", "1mb", "1K", "1M", "1.5MB", "-1", "1 MB", "1MB/s", "9999999999TiB"])
    func `everything else is no size`(_ text: String) {
        #expect(throws: UnitError.self) { try Units.size(text) }
    }

    @Test(arguments: [("1/s", 1, 1), ("1000/s", 1000, 1), ("60/m", 60, 60), ("5/h", 5, 3600)])
    func `a rate is so many per period`(_ text: String, _ count: Int, _ seconds: Int) throws {
        #expect(try Units.rate(text) == Rate(count: count, period: .seconds(seconds)))
    }

    @Test(arguments: ["", "/", "/s", "1000", "1000/", "0/s", "-1/s", "1/d", "1/s/s", "1KB/s", "1.5/s"])
    func `everything else is no rate`(_ text: String) {
        #expect(throws: UnitError.self) { try Units.rate(text) }
    }

    @Test func `a memory budget is a share or a size`() throws {
        #expect(try Units.memoryBudget("70%") == .percent(70))
        #expect(try Units.memoryBudget("100%") == .percent(100))
        #expect(try Units.memoryBudget("2GiB") == .bytes(2 << 30))
        for text in ["", "%", "0%", "101%", "70", "7.5%", "most", "70 %"] {
            #expect(throws: UnitError.self) { try Units.memoryBudget(text) }
        }
    }

    @Test(arguments: [
        ("1000", #"needs a unit: write "1000/s""#), ("1000/d", #"has no unit of time in "d"; use /s, /m or /h"#),
        ("0/s", #"lets nothing through; write at least "1/s""#), ("fast", #"is not a rate; write "1000/s""#),
    ])
    func `an error says which rate to write`(_ text: String, _ message: String) {
        #expect(throws: UnitError(message: message)) { try Units.rate(text) }
    }

    @Test(arguments: [
        ("70", #"needs a unit: write "70%" or a size such as "2GiB""#),
        ("120%", #"is not a share of memory; write "1%" to "100%""#),
        ("most", #"is not an amount of memory; write "70%" or "2GiB""#),
    ])
    func `an error says which memory budget to write`(_ text: String, _ message: String) {
        #expect(throws: UnitError(message: message)) { try Units.memoryBudget(text) }
    }
}

import Testing

@testable import HandlerContract

@Suite struct TimestampHTTPDateTests {
    private let now = Timestamp(seconds: 1_767_225_600)  // 2026-01-01

    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("Sun Nov 16 08:49:37 1994", 784_975_777),
            ("Thu, 01 Jan 2026 00:00:00 GMT", 1_767_225_600),
            ("Thu, 29 Feb 2024 23:59:60 GMT", 1_709_251_200),
            ("Wednesday, 01-Jan-76 00:00:00 GMT", 3_345_062_400),
            ("Friday, 01-Jan-77 00:00:00 GMT", 220_924_800),
        ] as [(String, Int64)])
    func `the three forms of an HTTP date are read`(text: String, seconds: Int64) {
        #expect(Timestamp(httpDate: text, now: now)?.seconds == seconds)
    }

    @Test(arguments: [
        "", "GMT", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 29 Feb 2023 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 1994 08:49:37:00 GMT", "Sun, 06 Nov 1994 +8:49:37 GMT",
        "Sun, ٠٦ Nov 1994 08:49:37 GMT", "Sunday, 06-Nov 08:49:37 GMT", "Sunday, 06--94 08:49:37 GMT",
        "Sun Nov 006 08:49:37 1994", "Sun Nov  6 08:49:37 94", String(repeating: "Sun, ", count: 20),
    ])
    func `what is no HTTP date is nil`(text: String) {
        #expect(Timestamp(httpDate: text, now: now) == nil)
    }
}

import Testing

@testable import HandlerContract

@Suite struct RetryAfterTests {
    private let now = Timestamp(milliseconds: 784_111_717_500)  // 08:48:37.5

    @Test(
        arguments: [
            ("0", 0), ("120", 120), (" 7\t", 7), ("007", 7), ("3600", 3_600), ("3601", 3_600),
            ("99999999999999999999999999", 3_600), ("Sun, 06 Nov 1994 08:49:37 GMT", 60),
            ("Sun, 06 Nov 1994 08:48:00 GMT", 0), ("Sun, 06 Nov 1994 23:00:00 GMT", 3_600),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 3_600),
        ] as [(String, Int)])
    func `seconds and dates are honoured up to an hour`(value: String, seconds: Int) {
        #expect(RetryAfter.parse(value, now: now) == .seconds(seconds))
    }

    @Test(arguments: ["", " ", "-1", "+5", "1.5", "5s", "5 5", "soon", "0x10", "٣"])
    func `anything else asks for nothing`(value: String) {
        #expect(RetryAfter.parse(value, now: now) == nil)
    }

    @Test func `clocks at the end of time do no harm`() {
        #expect(
            RetryAfter.parse("Fri, 31 Dec 9999 23:59:59 GMT", now: Timestamp(milliseconds: .min)) == .seconds(3_600))
        #expect(RetryAfter.parse("Fri, 31 Dec 9999 23:59:59 GMT", now: Timestamp(milliseconds: .max)) == .zero)
    }
}

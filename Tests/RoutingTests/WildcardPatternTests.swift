import Randomness
import Routing
import Testing

@Suite struct WildcardPatternTests {
    private static let matching: [(String, String)] = [
        ("a", "a"), ("", ""), ("*", ""), ("*", "anything"), ("**", "x"), ("a*", "a"), ("a*", "abc"), ("*a", "a"),
        ("*a", "ba"),
        ("a*a", "aa"), ("a*a", "aba"), ("a*b*c", "abc"), ("a*b*c", "a-b-b-c"), ("*ab*", "xxabxx"), ("*aab*", "aaab"),
        ("order:*", "order:new"), ("order:*:done", "order:1:2:done"), ("*é*", "caf\u{E9}s"), ("a**b", "ab"),
        ("*abab*", "aababab"),
    ]
    private static let different: [(String, String)] = [
        ("a", "A"), ("a", ""), ("", "a"), ("a*", "ba"), ("*a", "ab"), ("a*a", "a"), ("ab*ba", "aba"), ("a*b*c", "acb"),
        ("*ab*", "ba"), ("*ab*ab*", "xabx"), ("order:*", "order"), ("\u{E9}", "e\u{301}"), ("*x*", ""), ("a*b*b", "ab"),
    ]

    @Test(arguments: matching)
    func `a pattern matches`(pattern: String, name: String) {
        #expect(WildcardPattern(pattern).matches(name))
    }

    @Test(arguments: different)
    func `a pattern does not match`(pattern: String, name: String) {
        #expect(!WildcardPattern(pattern).matches(name))
    }

    @Test func `exact patterns and those that match all are known`() {
        #expect(WildcardPattern("a").isExact && WildcardPattern("").isExact)
        #expect(!WildcardPattern("a*").isExact)
        #expect(WildcardPattern("*").isAny && WildcardPattern("***").isAny)
        #expect(!WildcardPattern("").isAny && !WildcardPattern("*a").isAny)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `random patterns agree with trying everything`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        func text(_ letters: String, _ most: Int) -> String {
            String(
                (0..<Int.random(in: 0...most, using: &random)).map { _ in letters.randomElement(using: &random) ?? "a" }
            )
        }
        for _ in 0..<5_000 {
            let pattern = text("ab*", 8)
            let name = text("ab", 10)
            #expect(
                WildcardPattern(pattern).matches(name) == Self.tryEverything(pattern[...], name[...]),
                "\(pattern) \(name)")
        }
    }

    private static func tryEverything(_ pattern: Substring, _ name: Substring) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return tryEverything(pattern.dropFirst(), name)
                || (!name.isEmpty && tryEverything(pattern, name.dropFirst()))
        }
        return name.first == first && tryEverything(pattern.dropFirst(), name.dropFirst())
    }

    @Test func `a hostile name costs no more than its length`() {
        // Trying again after every star would take longer than the universe has.
        let pattern = WildcardPattern(String(repeating: "*" + String(repeating: "a", count: 50) + "b", count: 20) + "*")
        #expect(!pattern.matches(String(repeating: "a", count: 200_000)))
    }
}

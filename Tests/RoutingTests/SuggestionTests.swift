import Routing
import Testing

@Suite struct SuggestionTests {
    @Test(arguments: [
        ("time_out", "timeout"), ("Timeout", "timeout"), ("timeuot", "timeout"), ("event", "events"),
        ("nmaespace", "namespace"), ("tiemout", "timeout"),
    ])
    func `a near word is suggested`(word: String, expected: String) {
        #expect(Suggestion.closest(to: word, among: ["timeout", "events", "namespace"]) == expected)
    }

    @Test(arguments: ["", "x", "somethingElse", "tmt", String(repeating: "t", count: 10_000)])
    func `a far word is not`(word: String) {
        #expect(Suggestion.closest(to: word, among: ["timeout", "events"]) == nil)
        #expect(Suggestion.hint(for: word, among: ["timeout", "events"]) == "")
    }

    @Test func `the nearest wins, and the first of equals`() {
        #expect(Suggestion.closest(to: "room", among: ["broom", "rooms", "roof"]) == "broom")
        #expect(Suggestion.closest(to: "rooms", among: ["broom", "rooms"]) == "rooms")
    }

    @Test func `a hint is the end of an error message`() {
        #expect(Suggestion.hint(for: "time_out", among: ["timeout"]) == "; did you mean \"timeout\"?")
    }
}

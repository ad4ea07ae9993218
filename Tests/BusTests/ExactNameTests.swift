import Testing

@testable import Bus

@Suite struct ExactNameTests {
    @Test func `names are equal when their bytes are`() {
        #expect(ExactName("room:7") == ExactName("room:7"))
        #expect(ExactName("") == ExactName(""))
        #expect(ExactName("room:7").hashValue == ExactName("room:7").hashValue)
    }

    @Test func `composed and decomposed accents are two names`() {
        #expect("\u{E9}" == "e\u{301}")
        #expect(ExactName("\u{E9}") != ExactName("e\u{301}"))
        #expect(ExactName("a") != ExactName("ab"))
    }
}

import Testing

@testable import Gateway

@Suite struct ProcessorCountTests {
    @Test(arguments: [("0", 1), ("0-3", 4), ("\t0-1,4,6-7", 5), ("", nil), ("x", nil), ("3-1", nil)])
    func `a list of processors is counted`(list: String, expected: Int?) {
        #expect(ProcessorCount.count(inList: list) == expected)
    }

    @Test func `there is at least one`() {
        #expect(ProcessorCount.available >= 1)
    }
}

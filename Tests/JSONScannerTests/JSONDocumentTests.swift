import JSONScanner
import Testing

@Suite struct JSONDocumentTests {
    @Test func `values are reached by name and position`() throws {
        let text = #" {"a":[1,"two",true,null,{"b":2.5}],"é\n":"x","a2":{}, "e":[] } "#
        let root = try JSONDocument(text).root
        #expect(root.kind == .object && root.count == 4)
        #expect(root["a"]?.count == 5)
        #expect(root["a"]?[0]?.int == 1)
        #expect(root["a"]?[1]?.string == "two")
        #expect(root["a"]?[2]?.bool == true)
        #expect(root["a"]?[3]?.isNull == true)
        #expect(root["a"]?[4]?["b"]?.double == 2.5)
        #expect(root["a"]?[5] == nil && root["a"]?[-1] == nil)
        #expect(root["é\n"]?.string == "x")
        #expect(root["a2"]?.count == 0 && root["e"]?.elements.isEmpty == true)
        #expect(root["missing"] == nil && root["a"]?["x"] == nil && root[0] == nil)
        #expect(root.members.map(\.key) == ["a", "é\n", "a2", "e"])
        #expect(root.members.map { slice(text, $0.keyRange) } == [#""a""#, #""é\n""#, #""a2""#, #""e""#])
        #expect(root["a"]?.elements.map(\.rawString) == ["1", "\"two\"", "true", "null", #"{"b":2.5}"#])
    }

    @Test func `values keep their bytes`() throws {
        let text = #"[1e400, 12345678901234567890 ,{"a":1,"a":2},"\ud800\u0000"]"#
        let root = try JSONDocument(text).root
        #expect(root.rawString == text)
        #expect(
            root.elements.map(\.rawString) == ["1e400", "12345678901234567890", #"{"a":1,"a":2}"#, #""\ud800\u0000""#])
        #expect(root[3]?.string == "\u{FFFD}\u{0}")
    }

    @Test func `the last one of doubled members wins and all are listed`() throws {
        let root = try JSONDocument(#"{"a":1,"b":2,"a":{"c":3}}"#).root
        #expect(root["a"]?["c"]?.int == 3)
        #expect(root.members.map(\.key) == ["a", "b", "a"])
    }

    @Test func `names are compared by their bytes`() throws {
        let root = try JSONDocument("{\"e\u{301}\":1,\"\u{E9}\":2}").root
        #expect(root["e\u{301}"]?.int == 1)
        #expect(root["\u{E9}"]?.int == 2)
    }

    @Test func `whole numbers are read when they fit`() throws {
        let numbers: [(String, Int?)] = [
            ("0", 0), ("-0", 0), ("9223372036854775807", .max), ("-9223372036854775808", .min),
            ("9223372036854775808", nil), ("3.0", 3), ("3e2", 300), ("2.5", nil), ("1e400", nil), ("1e17", nil),
            ("-1e3", -1000), ("123456789012345678901234567890", nil),
        ]
        for (text, number) in numbers { #expect(try JSONDocument(text).root.int == number) }
        #expect(try JSONDocument("1e400").root.double == nil)
        #expect(try JSONDocument("-1.5e2").root.double == -150)
        #expect(try JSONDocument("\"1\"").root.int == nil)
        #expect(try JSONDocument("1").root.string == nil)
    }

    @Test func `positions are lines and characters`() throws {
        let document = try JSONDocument("{\n  \"é😀\": 1\n}")
        let one = try #require(document.root["é😀"])
        #expect(document.position(at: one.range.lowerBound) == (2, 9))
        #expect(document.position(at: 0) == (1, 1))
        #expect(document.position(at: 2) == (2, 1))
        #expect(document.position(at: 1_000_000) == (3, 2))
        #expect(document.position(at: -1) == (1, 1))
        #expect(JSONDocument.position(at: 5, in: Array("[1,\r\n x]".utf8)) == (2, 1))
    }

    @Test func `refuses what the scanner refuses`() {
        for (text, error) in JSONScannerTests.refused {
            #expect(throws: error) { try JSONDocument(text) }
        }
        for text in JSONScannerTests.accepted { #expect(throws: Never.self) { try JSONDocument(text) } }
    }

    @Test func `more nodes or levels than allowed are refused`() {
        #expect(throws: Never.self) { try JSONDocument(Array("[1,2,3]".utf8), maxNodes: 4) }
        #expect(throws: JSONError.tooLarge) { try JSONDocument(Array("[1,2,3]".utf8), maxNodes: 3) }
        #expect(throws: JSONError.tooLarge) { try JSONDocument(Array("{\"a\":1}".utf8), maxNodes: 2) }
        #expect(throws: JSONError.tooLarge) { try JSONDocument(Array("[[]]".utf8), maxNodes: 1) }
        #expect(throws: JSONError.tooDeep(at: 2)) { try JSONDocument(Array("[[[]]]".utf8), depthLimit: 2) }
        #expect(throws: JSONError.tooDeep(at: 64)) { try JSONDocument(String(repeating: "[", count: 500_000)) }
    }

    @Test func `a pointer's tokens are escaped`() {
        #expect(JSONPointer.escape("a/b~c~1") == "a~1b~0c~01")
        #expect(JSONPointer.escape("") == "")
    }
}

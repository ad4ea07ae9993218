import JSONScanner
import Testing

@Suite struct EventArrayTests {
    struct Vector: CustomTestStringConvertible, Sendable {
        var text: String
        var name: String?
        var escaped = false
        var arguments = ""
        var count = 0
        var testDescription: String { text }
    }

    static let named = [
        Vector(text: #"["a"]"#, name: "a"),
        Vector(text: #"[""]"#, name: ""),
        Vector(text: #"["a",1]"#, name: "a", arguments: "1", count: 1),
        Vector(text: #"["a",1,"b"]"#, name: "a", arguments: #"1,"b""#, count: 2),
        Vector(text: #"["a\n",{"b":[1,2]},[]]"#, name: #"a\n"#, escaped: true, arguments: #"{"b":[1,2]},[]"#, count: 2),
        Vector(text: #" [ "a" , 1 , 2 ] "#, name: "a", arguments: " 1 , 2 ", count: 2),
        Vector(text: #"["é😀",null]"#, name: "é😀", arguments: "null", count: 1),
        Vector(
            text: #"["m",1e400,12345678901234567890,{"a":1,"a":2},"\ud800","\u0000"]"#, name: "m",
            arguments: #"1e400,12345678901234567890,{"a":1,"a":2},"\ud800","\u0000""#, count: 5),
    ]

    @Test(arguments: named) func `the name and the arguments are slices of the text`(_ vector: Vector) throws {
        let array = try event(vector.text).get()
        guard case .string(let range, let escaped) = array.name else {
            Issue.record("the name is \(array.name)")
            return
        }
        #expect(slice(vector.text, range) == vector.name)
        #expect(escaped == vector.escaped)
        #expect(slice(vector.text, array.arguments) == vector.arguments)
        #expect(array.argumentCount == vector.count)
    }

    @Test func `a name is a string, a number, something else or missing`() throws {
        #expect(try event("[]").get() == EventArray(name: .missing, arguments: 1..<1, argumentCount: 0))
        #expect(try event("[ ] ").get().name == .missing)
        #expect(try event("[12]").get() == EventArray(name: .number(1..<3), arguments: 3..<3, argumentCount: 0))
        #expect(try event("[-1.5e3,2]").get() == EventArray(name: .number(1..<7), arguments: 8..<9, argumentCount: 1))
        for text in ["[null]", "[true]", "[false]", "[{\"toString\":\"foo\"}]", "[[\"a\"]]", "[{},1]"] {
            #expect(try event(text).get().name == .other)
        }
    }

    @Test(arguments: [
        "", " ", "{}", "\"a\"", "1", "[", "[,]", "[\"a\"", "[\"a\",", "[\"a\",]", "[\"a\"]]", "[\"a\"],", "[\"a\" 1]",
        "[\"a\",1", "[\"a\",1,]", "[\"a\",1}", "[\"a\",{]", "[\"a\",tru]", "[01]", "[\"a\u{1}\"]", "[\"a\",1]x",
        "x[\"a\"]",
        "[-]", "[\"a\",\"\\x\"]",
    ])
    func `what is no array is refused`(_ text: String) {
        #expect(throws: JSONError.self) { try event(text).get() }
        // The general validator agrees, except about values that are no array.
        #expect(rejection(text.utf8) != nil || !text.hasPrefix("["))
    }

    @Test func `its own array counts as a level`() {
        func nested(_ levels: Int) -> String {
            "[\"a\"," + String(repeating: "[", count: levels - 1) + String(repeating: "]", count: levels - 1) + "]"
        }
        #expect(throws: Never.self) { try event(nested(64)).get() }
        #expect(event(nested(65)) == .failure(.tooDeep(at: 5 + 63)))
        #expect(event("[]", depthLimit: 0) == .failure(.tooDeep(at: 0)))
        #expect(
            event("[\"a\",1]", depthLimit: 1)
                == .success(EventArray(name: .string(2..<3, escaped: false), arguments: 5..<6, argumentCount: 1)))
        #expect(event("[" + String(repeating: "[", count: 500_000)) == .failure(.tooDeep(at: 64)))
    }
}

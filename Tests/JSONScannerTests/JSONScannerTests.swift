import JSONScanner
import Testing

@Suite struct JSONScannerTests {
    static let accepted = [
        "null", "true", "false", "0", "-0", "-1", "10", "1.5", "-0.0", "1e400", "1E+2", "1e-2", "0e0", "0.1e10",
        "12345678901234567890123456789", "\"\"", "\"a\"", " 1 ", "\t\r\n1\n", "[]", "{}", "[ ]", "{ }", "[1]", "[1,2]",
        " [ 1 , 2 ] ", "[[],{},[[]],{\"a\":{}}]", "{\"a\":1}", "{\"a\":1,\"b\":[]}", "{ \"a\" : 1 , \"b\" : 2 }",
        "{\"\":0}", "{\"a\":1,\"a\":2}", "[1e400,-1e-400]", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\"",
        "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\uD83D\\uDE00\"", "\"\\uabCD\"", "\"\u{7F}\"", "\"\u{80}\u{7FF}\"",
        "\"\u{800}\u{FFFF}\u{10000}\u{10FFFF}\"", "\"\u{2028}\u{2029}\u{FEFF}\"", "\"'\"", "[\"a\",null,true,-3]",
        "\"1234567\"", "\"12345678\"", "\"123456789\"", "\"1234567\\n12345678\"", "\"\u{E9}1234567\u{E9}\"",
        "{\"__proto__\":{\"x\":1}}", "[[[[[[[[[[]]]]]]]]]]", "[true,false,null]", "{\"\\u0061\":0}",
    ]

    static let refused: [(String, JSONError)] = [
        ("", .unexpectedEnd(at: 0)), (" ", .unexpectedEnd(at: 1)), ("[", .unexpectedEnd(at: 1)),
        ("{", .unexpectedEnd(at: 1)), ("]", .unexpectedByte(at: 0)), ("}", .unexpectedByte(at: 0)),
        (",", .unexpectedByte(at: 0)), (":", .unexpectedByte(at: 0)), ("[1", .unexpectedEnd(at: 2)),
        ("[1,", .unexpectedEnd(at: 3)), ("[1,]", .unexpectedByte(at: 3)), ("[,1]", .unexpectedByte(at: 1)),
        ("[1,,2]", .unexpectedByte(at: 3)), ("[1 2]", .unexpectedByte(at: 3)), ("[1}", .unexpectedByte(at: 2)),
        ("{\"a\":1]", .unexpectedByte(at: 6)), ("{\"a\"}", .unexpectedByte(at: 4)),
        ("{\"a\":}", .unexpectedByte(at: 5)),
        ("{\"a\":1,}", .unexpectedByte(at: 7)), ("{,}", .unexpectedByte(at: 1)), ("{a:1}", .unexpectedByte(at: 1)),
        ("{1:1}", .unexpectedByte(at: 1)), ("{'a':1}", .unexpectedByte(at: 1)), ("{\"a\" 1}", .unexpectedByte(at: 5)),
        ("{\"a\":1 \"b\":2}", .unexpectedByte(at: 7)), ("{\"a\"", .unexpectedEnd(at: 4)),
        ("{\"a\":", .unexpectedEnd(at: 5)), ("1 2", .trailingBytes(at: 2)), ("[]]", .trailingBytes(at: 2)),
        ("{}x", .trailingBytes(at: 2)), ("null,", .trailingBytes(at: 4)), ("\"a\"\"b\"", .trailingBytes(at: 3)),
        ("nul", .unexpectedEnd(at: 3)), ("nulL", .unexpectedByte(at: 3)), ("True", .unexpectedByte(at: 0)),
        ("tru1", .unexpectedByte(at: 3)), ("nullx", .trailingBytes(at: 4)), ("NaN", .unexpectedByte(at: 0)),
        ("Infinity", .unexpectedByte(at: 0)), ("-Infinity", .invalidNumber(at: 0)),
        ("undefined", .unexpectedByte(at: 0)),
        ("01", .trailingBytes(at: 1)), ("-01", .trailingBytes(at: 2)), ("00", .trailingBytes(at: 1)),
        ("-", .unexpectedEnd(at: 1)), ("--1", .invalidNumber(at: 0)), ("+1", .unexpectedByte(at: 0)),
        (".5", .unexpectedByte(at: 0)), ("1.", .unexpectedEnd(at: 2)), ("1.e1", .invalidNumber(at: 0)),
        ("[1.]", .invalidNumber(at: 1)), ("1e", .unexpectedEnd(at: 2)), ("1e+", .unexpectedEnd(at: 3)),
        ("[1e+]", .invalidNumber(at: 1)), ("1e1.5", .trailingBytes(at: 3)), ("0x10", .trailingBytes(at: 1)),
        ("1_000", .trailingBytes(at: 1)), ("-a", .invalidNumber(at: 0)), ("1a", .trailingBytes(at: 1)),
        ("\"", .unexpectedEnd(at: 1)), ("\"abc", .unexpectedEnd(at: 4)), ("\"\\\"", .unexpectedEnd(at: 3)),
        ("\"\\", .unexpectedEnd(at: 2)), ("\"\\x\"", .invalidString(at: 1)), ("\"\\U0041\"", .invalidString(at: 1)),
        ("\"\\'\"", .invalidString(at: 1)), ("\"\\u\"", .invalidString(at: 1)), ("\"\\u12\"", .invalidString(at: 1)),
        ("\"\\u123", .unexpectedEnd(at: 6)), ("\"\\u00G0\"", .invalidString(at: 1)),
        ("\"\\u-123\"", .invalidString(at: 1)),
        ("\"\n\"", .invalidString(at: 1)), ("\"a\tb\"", .invalidString(at: 2)), ("\"\u{0}\"", .invalidString(at: 1)),
        ("\"\u{1F}\"", .invalidString(at: 1)), ("\"12345678\u{1}12345678\"", .invalidString(at: 9)),
        ("'a'", .unexpectedByte(at: 0)), ("\u{FEFF}1", .unexpectedByte(at: 0)), ("\u{A0}1", .unexpectedByte(at: 0)),
        ("1\u{B}", .trailingBytes(at: 1)), ("1\u{C}", .trailingBytes(at: 1)), ("[1]\u{0}", .trailingBytes(at: 3)),
        ("[1/**/]", .unexpectedByte(at: 2)), ("//\n1", .unexpectedByte(at: 0)), ("[1,#\n2]", .unexpectedByte(at: 3)),
        ("{\"a\":1,\"b\"", .unexpectedEnd(at: 10)), ("{[]:1}", .unexpectedByte(at: 1)),
        ("[{]}", .unexpectedByte(at: 2)),
        ("\u{E9}", .unexpectedByte(at: 0)), ("[\u{E9}]", .unexpectedByte(at: 1)),
    ]

    @Test(arguments: accepted) func `what the grammar allows is accepted`(_ text: String) {
        #expect(rejection(text.utf8) == nil)
        #expect(rejection("[\(text)]".utf8) == nil)
        #expect(rejection("{\"k\":\(text)}".utf8) == nil)
    }

    @Test(arguments: refused) func `anything else is refused where it goes wrong`(_ text: String, _ error: JSONError) {
        #expect(rejection(text.utf8) == error)
        // Nothing between brackets is an empty array.
        #expect(rejection("[\(text)]".utf8) != nil || text.allSatisfy(\.isWhitespace))
    }

    @Test func `no proper prefix of an object or an array is accepted`() {
        let text = #"{"a":[1,-2.5e+3,true,false,null,"x\u00e9\n\"é😀"],"b":{"c":[[],{}]}}"#
        let bytes = Array(text.utf8)
        #expect(rejection(bytes) == nil)
        for count in bytes.indices { #expect(rejection(bytes[..<count]) != nil) }
    }

    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x22], [0xC2, 0xC2], [0xE0, 0x80, 0x80],
            [0xE0, 0x9F, 0xBF], [0xE1, 0x80], [0xE1, 0x80, 0x41], [0xE1, 0x41, 0x80], [0xED, 0xA0, 0x80],
            [0xED, 0xBF, 0xBF], [0xEF, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80],
            [0xF0, 0x90, 0x80, 0x41], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
            [0xF8, 0x88, 0x80, 0x80, 0x80],
            [0xFE], [0xFF], [0xE2, 0x82], [0xF1, 0x80, 0x41, 0x80],
        ] as [[UInt8]])
    func `every form of invalid UTF-8 is refused at every alignment`(_ sequence: [UInt8]) {
        for padding in 0..<17 {
            let start = [UInt8](repeating: UInt8(ascii: "a"), count: padding)
            let text = [UInt8(ascii: "\"")] + start + sequence
            #expect(rejection(text + "\"".utf8) == .invalidUTF8(at: padding + 1))
            #expect(rejection(text + "aaaaaaaaaaaa\"".utf8) == .invalidUTF8(at: padding + 1))
            #expect(rejection(text) == .invalidUTF8(at: padding + 1))
            #expect(rejection("{".utf8 + text + "\":1}".utf8) == .invalidUTF8(at: padding + 2))
        }
    }

    @Test func `every character of Unicode passes inside a string`() {
        var text = "\""
        for code in stride(from: UInt32(0x20), through: 0x10FFFF, by: 13) {
            guard let scalar = Unicode.Scalar(code), scalar != "\"", scalar != "\\" else { continue }
            text.unicodeScalars.append(scalar)
        }
        #expect(rejection((text + "\"").utf8) == nil)
    }

    @Test func `64 levels pass and 65 do not`() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            func nested(_ levels: Int) -> String {
                String(repeating: open, count: levels) + "0" + String(repeating: close, count: levels)
            }
            #expect(rejection(nested(64).utf8) == nil)
            #expect(rejection(nested(65).utf8) == .tooDeep(at: 64 * open.utf8.count))
            #expect(rejection(nested(1).utf8, depthLimit: 0) == .tooDeep(at: 0))
            // Beyond one word of levels.
            for levels in [127, 128, 129, 192, 1000] {
                #expect(rejection(nested(levels).utf8, depthLimit: levels) == nil)
                #expect(rejection(nested(levels).utf8, depthLimit: levels - 1) != nil)
            }
        }
        let mixed = String(repeating: "[{\"a\":", count: 100) + "[]" + String(repeating: "}]", count: 100)
        #expect(rejection(mixed.utf8, depthLimit: 201) == nil)
        #expect(rejection(mixed.dropLast().utf8, depthLimit: 201) == .unexpectedEnd(at: mixed.utf8.count - 1))
    }

    @Test func `half a million brackets use no stack`() {
        for open in ["[", "{\"a\":"] {
            let bomb = String(repeating: open, count: 500_000)
            #expect(rejection(bomb.utf8) == .tooDeep(at: 64 * open.utf8.count))
            #expect(rejection(bomb.utf8, depthLimit: .max) == .unexpectedEnd(at: bomb.utf8.count))
        }
        let closed = String(repeating: "[", count: 500_000) + String(repeating: "]", count: 500_000)
        #expect(rejection(closed.utf8, depthLimit: .max) == nil)
        #expect(withRawBytes(closed.utf8) { JSONScanner.elements(of: $0) } == [0..<1_000_000])
    }

    @Test func `a value is found inside other bytes`() throws {
        let text = #"xx [1,"]"] yy"#
        try withRawBytes(text.utf8) { (raw) throws in
            #expect(try JSONScanner.value(in: raw, from: 2) == 3..<10)
            #expect(try JSONScanner.value(in: raw, from: 4) == 4..<5)
            #expect(throws: JSONError.unexpectedByte(at: 0)) { try JSONScanner.value(in: raw, from: 0) }
            #expect(throws: JSONError.unexpectedEnd(at: 13)) { try JSONScanner.value(in: raw, from: 13) }
            #expect(throws: JSONError.unexpectedEnd(at: 13)) { try JSONScanner.value(in: raw, from: .max) }
            #expect(throws: JSONError.unexpectedEnd(at: 13)) { try JSONScanner.value(in: raw, from: -1) }
        }
    }

    @Test func `elements are found by position`() {
        let text = #" 1 , [2,3] ,"a,b",{"c":[1,2]},null"#
        withRawBytes(text.utf8) { raw in
            let all = JSONScanner.elements(of: raw)
            #expect(all.map { slice(text, $0) } == ["1", "[2,3]", "\"a,b\"", "{\"c\":[1,2]}", "null"])
            for (n, range) in all.enumerated() { #expect(JSONScanner.element(n, of: raw) == range) }
            #expect(JSONScanner.element(5, of: raw) == nil)
            #expect(JSONScanner.element(-1, of: raw) == nil)
            #expect(JSONScanner.element(.max, of: raw) == nil)
        }
        withRawBytes("".utf8) { #expect(JSONScanner.elements(of: $0).isEmpty && JSONScanner.element(0, of: $0) == nil) }
        withRawBytes("  ".utf8) { #expect(JSONScanner.elements(of: $0).isEmpty) }
        withRawBytes("1,oops,2".utf8) { #expect(JSONScanner.elements(of: $0) == [0..<1]) }
    }

    @Test func `errors tell where and why without the text`() {
        #expect(JSONError.unexpectedEnd(at: 7).offset == 7)
        #expect(JSONError.unexpectedEnd(at: 7).reason == "unexpected end of input")
        #expect(JSONError.tooLarge.offset == 0)
    }
}

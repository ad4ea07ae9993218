import JSONScanner
import Testing

@Suite struct JSONWriterTests {
    @Test func `commas are set between values and members`() {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("a", 1)
        writer.member("b", "x")
        writer.member("c", true)
        writer.member("d", 1.5)
        writer.member("e", raw: Array("[1,2]".utf8))
        writer.key("f")
        writer.beginArray()
        writer.value(1)
        writer.beginObject()
        writer.endObject()
        writer.null()
        writer.raw("{}".utf8)
        writer.value(Double.infinity)
        writer.endArray()
        writer.key("g")
        writer.beginArray()
        writer.endArray()
        writer.endObject()
        #expect(writer.string == #"{"a":1,"b":"x","c":true,"d":1.5,"e":[1,2],"f":[1,{},null,{},null],"g":[]}"#)
    }

    @Test func `control characters, quotes and backslashes are escaped and everything else stays`() {
        let quoted = String(decoding: JSONWriter.quoted("a\"b\\c\n\r\t\u{0}\u{1F}\u{7F}é😀/"), as: UTF8.self)
        #expect(quoted == "\"a\\\"b\\\\c\\n\\r\\t\\u0000\\u001f\u{7F}é😀/\"")
    }

    @Test func `what is written reads back`() throws {
        for string in ["", "plain", "\u{0}\u{8}\u{B}\u{C}", "\u{2028}\u{FFFD}\u{10FFFF}", "\"\\\"", "e\u{301}"] {
            let document = try JSONDocument(JSONWriter.quoted(string))
            #expect(document.root.string.map { Array($0.utf8) } == Array(string.utf8))
        }
        for double in [0.0, -0.0, 1e300, Double.leastNonzeroMagnitude, 0.1, 1e21, 123456789.125] {
            var writer = JSONWriter()
            writer.value(double)
            #expect(try JSONDocument(writer.bytes).root.double == double)
        }
    }
}

import JSONScanner
import Testing

@Suite struct JSONScannerPlaceholdersTests {
    private func numbers(_ text: String) -> [Int?] {
        withRawBytes(text.utf8) { raw in JSONScanner.placeholders(in: raw).map(\.number) }
    }

    @Test func `placeholders are found in order with their ranges`() {
        let text =
            #"["",{"_placeholder":true,"num":1},{"":[{"num":0,"_placeholder":true}]},{ "_placeholder" : true , "num" : 12 }]"#
        let found = withRawBytes(text.utf8) { JSONScanner.placeholders(in: $0) }
        #expect(found.map(\.number) == [1, 0, 12])
        #expect(
            found.map { slice(text, $0.range) } == [
                #"{"_placeholder":true,"num":1}"#, #"{"num":0,"_placeholder":true}"#,
                #"{ "_placeholder" : true , "num" : 12 }"#,
            ])
    }

    @Test func `a list of values is searched too`() {
        #expect(numbers(#"1,{"_placeholder":true,"num":0},"x",[{"_placeholder":true,"num":1}]"#) == [0, 1])
        #expect(numbers("") == [])
        #expect(numbers(#""_placeholder""#) == [])
    }

    @Test func `numbers that are no whole number are nil`() {
        for number in ["-1", "1.5", "\"splice\"", "\"0\"", "null", "[0]", "{}", "1e0", "-0", "99999999999999999999"] {
            #expect(numbers(#"[{"_placeholder":true,"num":\#(number)}]"#) == [nil])
        }
        #expect(numbers(#"[{"_placeholder":true}]"#) == [nil])
        #expect(numbers(#"[{"_placeholder":true,"NUM":1}]"#) == [nil])
    }

    @Test func `only true makes a placeholder`() {
        for value in ["false", "null", "1", "\"true\"", "[true]", "{\"_placeholder\":1}"] {
            #expect(numbers(#"[{"_placeholder":\#(value),"num":0}]"#) == [])
        }
        #expect(numbers(#"["_placeholder",true,"num",0]"#) == [])
        #expect(numbers(#"{"placeholder":true,"num":0}"#) == [])
    }

    @Test func `doubled members and escaped keys are read as JavaScript reads them`() {
        #expect(numbers(#"{"_placeholder":true,"num":0,"num":1}"#) == [1])
        #expect(numbers(#"{"_placeholder":true,"num":0,"num":"x"}"#) == [nil])
        #expect(numbers(#"{"_placeholder":true,"num":0,"_placeholder":false}"#) == [])
        #expect(numbers(#"{"\u005fplaceholder":true,"n\u0075m":3}"#) == [3])
    }

    @Test func `what lies inside a placeholder is not searched`() {
        #expect(
            numbers(#"{"x":{"_placeholder":true,"num":7},"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#)
                == [0, 1])
        #expect(numbers(#"{"_placeholder":true,"num":0,"x":[{"_placeholder":true,"num":7}]}"#) == [0])
    }

    @Test func `what was never validated does no harm`() {
        #expect(numbers(#"[{"_placeholder":true,"num":0},"#) == [0])
        #expect(numbers(#"{"_placeholder":true"#) == [])
        #expect(numbers(#"}]{"_placeholder":true}"#) == [])
    }
}

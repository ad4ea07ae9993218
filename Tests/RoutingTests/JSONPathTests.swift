import Routing
import Testing

@Suite struct JSONPathTests {
    private static let found: [(String, [String], String)] = [
        (#"{"a":1}"#, ["a"], "1"),
        (#" { "a" : { "b" : [ 1 , "x" ] } } "#, ["a", "b", "1"], #""x""#),
        (#"{"a":1,"a":2}"#, ["a"], "2"),
        (#"{"\u0061":1e400}"#, ["a"], "1e400"),
        (#"[[],[[3]]]"#, ["1", "0", "0"], "3"),
        (#"{"":5}"#, [""], "5"),
        (#"{"0":"key"}"#, ["0"], #""key""#),
        (#"  7 "#, [], "7"),
        (#"{"a":"}{,]","b":[{"c":null}]}"#, ["b", "0", "c"], "null"),
    ]

    @Test(arguments: found)
    func `a path leads to a value as it was written`(json: String, path: [String], expected: String) {
        #expect(JSONPath.value(path, in: Array(json.utf8)).map { String(decoding: $0, as: UTF8.self) } == expected)
    }

    private static let lost: [(String, [String])] = [
        (#"{"a":1}"#, ["b"]), (#"{"a":1}"#, ["a", "b"]), ("[1,2]", ["2"]), ("[1,2]", ["-1"]), ("[1,2]", ["01"]),
        ("[1,2]", ["x"]), ("[1,2]", ["99999999999999999999"]), ("[ ]", ["0"]), ("{}", ["a"]), ("{ }", ["a"]),
        (#""abc""#, ["0"]), ("null", ["a"]), ("", ["a"]), ("", []), ("  ", []), ("[1", ["0"]),
    ]

    @Test(arguments: lost)
    func `a path that leads nowhere has no value`(json: String, path: [String]) {
        #expect(JSONPath.value(path, in: Array(json.utf8)) == nil)
    }
}

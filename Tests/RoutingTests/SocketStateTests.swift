import Routing
import Testing

@Suite struct SocketStateTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func `keys are set, changed and unset, and values stay as they were written`() throws {
        var state = SocketState()
        #expect(state.isEmpty)
        #expect(String(decoding: state.json, as: UTF8.self) == "{}")
        try state.apply(set: [("plan", bytes(#""pro""#)), ("n", bytes("1e400"))], unset: [])
        try state.apply(set: [("plan", bytes(#"{"a":1,"a":2}"#)), ("q\"", bytes("null"))], unset: ["n", "nothing"])
        #expect(String(decoding: state.json, as: UTF8.self) == #"{"plan":{"a":1,"a":2},"q\"":null}"#)
        #expect(state.value(["plan", "a"]) == bytes("2"))
        #expect(state.value(["plan"]) == bytes(#"{"a":1,"a":2}"#))
        #expect(state.value(["n"]) == nil)
        #expect(state.value([]) == nil)
    }

    @Test func `a key that is unset and set in one change is set`() throws {
        var state = SocketState()
        try state.apply(set: [("a", bytes("1"))], unset: [])
        try state.apply(set: [("a", bytes("2"))], unset: ["a"])
        #expect(state.value(["a"]) == bytes("2"))
    }

    @Test func `a change beyond 16 KiB does nothing`() throws {
        var state = SocketState()
        try state.apply(set: [("a", bytes("1"))], unset: [])
        let large = bytes("\"" + String(repeating: "x", count: 16 * 1024 - 4) + "\"")
        #expect(throws: SocketState.Failure.tooLarge(bytes: 16 * 1024 + 1)) {
            try state.apply(set: [("b", large)], unset: [])
        }
        #expect(state.value(["a"]) == bytes("1"))
        #expect(state.value(["b"]) == nil)
        try state.apply(set: [("b", large)], unset: ["a"])
        #expect(state.byteCount == 16 * 1024 - 1)
    }
}

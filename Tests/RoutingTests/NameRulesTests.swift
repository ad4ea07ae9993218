import Routing
import Testing

@Suite struct NameRulesTests {
    @Test func `a name has 1 to 255 bytes`() {
        #expect(NameRules.problem(with: "") != nil)
        #expect(NameRules.problem(with: "a") == nil)
        #expect(NameRules.problem(with: String(repeating: "é", count: 127)) == nil)
        #expect(NameRules.problem(with: String(repeating: "a", count: 255)) == nil)
        #expect(NameRules.problem(with: String(repeating: "é", count: 128)) == "must have at most 255 bytes, has 256")
    }

    @Test func `events that Socket_IO keeps for itself cannot be sent`() {
        for name in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
            #expect(NameRules.problem(withEvent: name) == "\"\(name)\" is reserved by Socket.IO and cannot be sent")
        }
        #expect(NameRules.problem(withEvent: "") == "must not be empty")
        #expect(NameRules.problem(withEvent: "Connect") == nil)
        #expect(NameRules.problem(withEvent: "error") == nil)
    }

    @Test func `a namespace begins with a slash`() {
        #expect(NameRules.problem(withNamespace: "/") == nil)
        #expect(NameRules.problem(withNamespace: "/a") == nil)
        #expect(NameRules.problem(withNamespace: "a") != nil)
        #expect(NameRules.problem(withNamespace: "") != nil)
    }
}

import JSONScanner
import Routing
import Testing

@Suite struct RouteMatchTests {
    private func compile(_ json: String) throws -> Result<RouteMatch, ActionErrors> {
        RouteMatch.compile(try JSONDocument(json).root, pointer: "/match")
    }

    @Test func `what is not named is not asked for`() throws {
        let match = try compile("{}").get()
        #expect(match == RouteMatch())
        #expect(match.mismatch(type: .event, namespace: "/x", event: "e") == nil)
        #expect(match.mismatch(type: .message, namespace: "/x", event: nil) == nil)
    }

    @Test(arguments: EventType.allCases.filter { !EventType.messages.contains($0) })
    func `a lifecycle event matches by its name only`(type: EventType) throws {
        #expect(RouteMatch().mismatch(type: type, namespace: "/", event: nil) == .type)
        let match = try compile(#"{"type":"\#(type.rawValue)"}"#).get()
        #expect(match.mismatch(type: type, namespace: "/", event: nil) == nil)
        #expect(match.mismatch(type: .event, namespace: "/", event: "e") == .type)
    }

    @Test func `strings and lists are read`() throws {
        let match = try compile(
            #"{"type":["socket.event","socket.connected"],"namespace":["/a","/b-*"],"event":"x*","_note":1}"#
        ).get()
        #expect(match == RouteMatch(types: [.event, .connected], namespaces: ["/a", "/b-*"], events: ["x*"]))
        #expect(match.mismatch(type: .event, namespace: "/b-1", event: "xy") == nil)
        #expect(match.mismatch(type: .event, namespace: "/b", event: "xy") == .namespace)
        #expect(match.mismatch(type: .event, namespace: "/a", event: "y") == .event)
        #expect(match.mismatch(type: .connected, namespace: "/a", event: nil) == .eventWithoutName)
    }

    @Test func `a raw message has no name for a pattern`() throws {
        let match = try compile(#"{"event":"*"}"#).get()
        #expect(match.mismatch(type: .message, namespace: "/", event: nil) == .eventWithoutName)
        #expect(match.mismatch(type: .event, namespace: "/", event: "") == nil)
    }

    private static let mistakes: [(String, [String])] = [
        ("[]", ["/match: must be an object, is a list"]),
        (#"{"evnet":"a"}"#, ["/match/evnet: unknown key \"evnet\"; did you mean \"event\"?"]),
        (
            #"{"type":"socket.conect"}"#,
            ["/match/type: unknown event type \"socket.conect\"; did you mean \"socket.connect\"?"]
        ),
        (
            #"{"type":["socket.event","*"]}"#,
            [
                "/match/type/1: unknown event type \"*\" (known: socket.connect, socket.connected, socket.event, socket.message, socket.disconnected, socket.refresh, room.occupied, room.vacated)"
            ]
        ),
        (
            #"{"event":[],"namespace":[1]}"#,
            [
                "/match/namespace/0: must be a string or a list of strings, is a number",
                "/match/event: an empty list matches nothing",
            ]
        ),
        (
            #"{"event":"","namespace":"chat"}"#,
            ["/match/namespace: a namespace begins with \"/\"", "/match/event: must not be empty"]
        ),
        (
            #"{"namespace":"/t-{id}"}"#,
            ["/match/namespace: write \"*\" for what differs between the namespaces of a pattern"]
        ),
        (
            #"{"type":"socket.connect","event":"a"}"#,
            ["/match/event: only \"socket.event\" has an event name, and the type is another"]
        ),
    ]

    @Test(arguments: mistakes)
    func `mistakes are reported with their place`(json: String, messages: [String]) throws {
        guard case .failure(let errors) = try compile(json) else {
            Issue.record("\(json) compiled")
            return
        }
        #expect(errors.all.map(\.description) == messages)
    }
}

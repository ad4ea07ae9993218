import Bus
import NIOCore
import Testing

@testable import Gateway

@Suite struct BroadcastLaneTests {
    @Test func `what went last to a member by its lane is known until its number is given to another`() {
        var lanes = BroadcastLanes()
        lanes.noteSent(7, to: [5, 0, 2], from: 0, to: 3)
        lanes.noteSent(9, to: [0, 5, 2], from: 1, to: 2)
        #expect(lanes.sent(to: 0) == 7)
        #expect(lanes.sent(to: 5) == 9)
        #expect(lanes.sent(to: 1) == 0)
        #expect(lanes.sent(to: 4_000) == 0)
        lanes.forget(5)
        lanes.forget(4_000)
        #expect(lanes.sent(to: 5) == 0)
        #expect(lanes.sent(to: 2) == 7)
    }

    @Test func `of what clients that can come back are sent, only an unlogged string at the end is not for all`() {
        func broadcast(_ arguments: String) -> Broadcast {
            Broadcast(
                target: .init(), namespace: "/",
                content: .event(.init(name: "n", arguments: Array(arguments.utf8), attachments: [])), volatile: true)
        }
        #expect(broadcast(#"1,"text""#).dialect(for: .socketIORecoverable) == nil)
        #expect(broadcast(#""text",1"#).dialect(for: .socketIORecoverable) == .socketIO)
        #expect(broadcast(#"1,"text""#).dialect(for: .socketIO) == .socketIO)
        #expect(broadcast(#"1,"text""#).dialect(for: .json) == .json)
        let logged = broadcast(#"1,"text""#)
        logged.published(at: 3, epoch: Epoch(rawValue: 4))
        #expect(logged.dialect(for: .socketIORecoverable) == .socketIORecoverable)
    }
}

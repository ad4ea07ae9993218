import Routing
import Testing

@testable import HandlerContract

@Suite struct BatchAnswerTests {
    private func parse(_ text: String, count: Int) throws(ActionErrors) -> [BatchAnswer.Element] {
        try BatchAnswer.parse(Array(text.utf8), selfSocketIDs: Array(repeating: "me1", count: count)).results
    }

    @Test func `each event has its own result`() throws {
        let results = try parse(
            #"{"results":[{"ack":[1]},{"retry":true},{},{"actions":[{"do":"x"}]},{"retry":true,"ack":[]}]}"#, count: 5)
        try #require(results.count == 5)
        guard case .answer(let first) = results[0], case .retry = results[1], case .answer = results[2],
            case .invalid(let errors) = results[3], case .invalid(let mixed) = results[4]
        else {
            Issue.record("\(results)")
            return
        }
        #expect(first.ack?.arguments == Array("1".utf8))
        #expect(errors.all.map(\.pointer) == ["/results/3/actions/0/do"])
        #expect(mixed.all.map(\.pointer) == ["/results/4/retry"])
    }

    @Test func `an empty answer means that all are done`() throws {
        let results = try parse(" ", count: 3)
        #expect(results.count == 3)
        for result in results {
            guard case .answer(let answer) = result else { continue }
            #expect(answer.ack == nil && answer.actions.isEmpty)
        }
    }

    @Test(arguments: [
        ("{", ""), ("[]", ""), ("{}", "/results"), (#"{"results":null}"#, "/results"), (#"{"results":{}}"#, "/results"),
        (#"{"results":[]}"#, "/results"), (#"{"results":[{},{},{}]}"#, "/results"), (#"{"result":[{},{}]}"#, "/result"),
    ])
    func `what does not fit the batch is refused as a whole`(text: String, pointer: String) {
        do throws(ActionErrors) {
            _ = try parse(text, count: 2)
            Issue.record("taken: \(text)")
        } catch {
            #expect(error.all.first?.pointer == pointer)
        }
    }
}

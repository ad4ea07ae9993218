import JSONScanner
import Routing

/// What a handler answers to a batch: one result per event, in the same order.
package struct BatchAnswer: Sendable {
    package enum Element: Sendable {
        case answer(HandlerAnswer)
        /// `{"retry":true}`: the lane of this event stops here.
        case retry
        /// This result is not usable; the others are not affected by it.
        case invalid(ActionErrors)
    }

    package var results: [Element]

    /// Reads `{"results":[…]}`; an empty body means that all are done.
    ///
    /// - Parameter selfSocketIDs: one per event of the batch.
    package static func parse(_ body: [UInt8], selfSocketIDs: [String?]) throws(ActionErrors) -> BatchAnswer {
        guard !body.isBlank else {
            return BatchAnswer(results: selfSocketIDs.map { _ in .answer(HandlerAnswer()) })
        }
        let root = try JSONDocument.answer(body).root
        var reader = AnswerReader()
        let members = reader.object(root, "", known: ["results"])
        let nodes = members?["results"].map { reader.elements($0, "/results") ?? [] }
        if members != nil, nodes == nil { reader.report("/results", "is missing", at: root) }
        if let list = nodes, reader.errors.isEmpty, list.count != selfSocketIDs.count {
            reader.report("/results", "must have \(selfSocketIDs.count) elements, has \(list.count)", at: root)
        }
        guard reader.errors.isEmpty, let nodes else { throw ActionErrors(reader.errors) }
        return BatchAnswer(
            results: zip(nodes, selfSocketIDs).enumerated().map { index, pair in
                element(pair.0, pointer: "/results/\(index)", selfSocketID: pair.1)
            })
    }

    private static func element(_ node: JSONNode, pointer: String, selfSocketID: String?) -> Element {
        if node.count == 1, node["retry"]?.bool == true { return .retry }
        do throws(ActionErrors) {
            return .answer(try HandlerAnswer.parse(node, pointer: pointer, selfSocketID: selfSocketID))
        } catch {
            return .invalid(error)
        }
    }
}

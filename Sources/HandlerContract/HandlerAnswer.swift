import JSONScanner
import Routing
package import struct NIOCore.ByteBuffer

/// What a handler answers to any event but `socket.connect`.
///
/// Either all of it is usable, or none of it is used.
package struct HandlerAnswer: Sendable {
    /// What an answer may weigh.
    ///
    /// Read no further than one byte more.
    package static let maxBytes = 1_048_576

    /// The arguments of the client's callback.
    package struct Ack: Hashable, Sendable {
        /// JSON values with commas between them.
        ///
        /// Placeholders are numbers of `attachments`.
        package var arguments: [UInt8]
        package var attachments: [ByteBuffer]

        package init(arguments: [UInt8], attachments: [ByteBuffer] = []) {
            self.arguments = arguments
            self.attachments = attachments
        }
    }

    package var ack: Ack?
    package var error: ClientError?
    package var state: StateChange
    package var actions: [Action]

    package init(
        ack: Ack? = nil, error: ClientError? = nil, state: StateChange = StateChange(), actions: [Action] = []
    ) {
        self.ack = ack
        self.error = error
        self.state = state
        self.actions = actions
    }

    /// What the client's callback gets, if the client waits: the ack, else the error, else no arguments.
    package var reply: Ack { ack ?? error.map { Ack(arguments: $0.arguments) } ?? Ack(arguments: []) }

    /// Reads the body of a 2xx response; an empty one means "done".
    ///
    /// - Parameter selfSocketID: the socket that `"self"` stands for; nil for events without one.
    /// - Throws: everything that is wrong, with JSON pointers.
    package static func parse(_ body: [UInt8], selfSocketID: String?) throws(ActionErrors) -> HandlerAnswer {
        guard !body.isBlank else { return HandlerAnswer() }
        let document = try JSONDocument.answer(body)
        return try parse(document.root, pointer: "", selfSocketID: selfSocketID)
    }

    /// Reads an answer that is part of a larger document.
    static func parse(
        _ node: JSONNode, pointer: String, selfSocketID: String?
    ) throws(ActionErrors) -> HandlerAnswer {
        var reader = AnswerReader()
        var answer = HandlerAnswer()
        let known = ["ack", "attachments", "error", "state", "actions"]
        let members = reader.object(node, pointer, known: known) ?? [:]
        let attachments = members["attachments"].map { reader.attachments($0, pointer + "/attachments") } ?? []
        if let ack = members["ack"] {
            answer.ack = reader.ack(ack, pointer + "/ack", attachments, pointer + "/attachments")
        } else if let attachments = members["attachments"] {
            reader.report(pointer + "/attachments", "is of no use without \"ack\"", at: attachments)
        }
        if let error = members["error"] { answer.error = reader.error(error, pointer + "/error") }
        if let state = members["state"] { answer.state = reader.state(state, pointer + "/state") }
        if let actions = members["actions"] {
            switch ActionParser.parse(actions, pointer: pointer + "/actions", selfSocketID: selfSocketID) {
            case .success(let list): answer.actions = list
            case .failure(let problems): reader.report(problems)
            }
        }
        guard reader.errors.isEmpty else { throw ActionErrors(reader.errors) }
        return answer
    }
}

extension AnswerReader {
    fileprivate mutating func attachments(_ node: JSONNode, _ pointer: String) -> [ByteBuffer] {
        var buffers: [ByteBuffer] = []
        for (index, element) in (elements(node, pointer) ?? []).enumerated() where errors.count < ActionErrors.limit {
            let bytes = string(element, "\(pointer)/\(index)").map { text in
                let bytes = Base64.decode(text)
                if bytes == nil { report("\(pointer)/\(index)", "must be a base64 string", at: element) }
                return bytes
            }
            // An empty one in place of a bad one: the numbers of those behind it stay right.
            buffers.append(ByteBuffer(bytes: (bytes ?? nil) ?? []))
        }
        return buffers
    }

    fileprivate mutating func ack(
        _ node: JSONNode, _ pointer: String, _ attachments: [ByteBuffer], _ attachmentsPointer: String
    ) -> HandlerAnswer.Ack? {
        guard node.kind == .array else {
            report(pointer, "must be a list of arguments, is \(node.kind.name)", at: node)
            return nil
        }
        let problems = errors.count
        var named = Set<Int>()
        for (range, number) in node.raw.withUnsafeBytes({ JSONScanner.placeholders(in: $0) }) {
            if let number, attachments.indices.contains(number) {
                named.insert(number)
            } else if errors.count < ActionErrors.limit {
                let start = node.range.lowerBound
                let place = start + range.lowerBound..<start + range.upperBound
                let message = number.map { "placeholder \($0) names no attachment (there are \(attachments.count))" }
                report(
                    node.pointer(to: place, from: pointer), message ?? "a placeholder without a number", at: place)
            }
        }
        // A placeholder with a wrong number is one mistake, not two.
        for index in attachments.indices where errors.count == problems && !named.contains(index) {
            report("\(attachmentsPointer)/\(index)", "no placeholder in \"ack\" names this attachment", at: node)
        }
        return HandlerAnswer.Ack(arguments: Array(node.raw.dropFirst().dropLast()), attachments: attachments)
    }

    fileprivate mutating func error(_ node: JSONNode, _ pointer: String) -> ClientError? {
        let problems = errors.count
        guard let members = object(node, pointer, known: ["code", "message", "data"]) else { return nil }
        guard errors.count > problems || members["code"] != nil || members["message"] != nil else {
            report(pointer, "must have \"code\" or \"message\"", at: node)
            return nil
        }
        let code = members["code"].map { name($0, pointer + "/code") } ?? ClientError.Code.handlerError.rawValue
        let message = members["message"].map { string($0, pointer + "/message") } ?? ""
        guard let code, let message else { return nil }
        return ClientError(
            ClientError.Code(rawValue: code), message: message, data: members["data"].map { Array($0.raw) })
    }

    fileprivate mutating func state(_ node: JSONNode, _ pointer: String) -> StateChange {
        guard let members = object(node, pointer, known: ["set", "unset"]) else { return StateChange() }
        return StateChange(
            set: members["set"].map { values($0, pointer + "/set") } ?? [],
            unset: members["unset"].map { names($0, pointer + "/unset") } ?? [])
    }
}

extension JSONNode {
    /// The pointer to the value at `range`, which is this one or inside it.
    fileprivate func pointer(to range: Range<Int>, from start: String) -> String {
        var pointer = start
        var node = self
        // Each step goes one level down, and the depth of a document is bounded.
        while node.range != range {
            if let index = node.elements.firstIndex(where: { $0.range.contains(range.lowerBound) }) {
                pointer += "/\(index)"
                node = node.elements[index]
            } else if let member = node.members.first(where: { $0.value.range.contains(range.lowerBound) }) {
                pointer += "/" + JSONPointer.escape(member.key)
                node = member.value
            } else {
                break
            }
        }
        return pointer
    }
}

extension [UInt8] {
    /// Whether there is nothing but JSON whitespace.
    var isBlank: Bool { allSatisfy { $0 == 0x20 || $0 == 0x0A || $0 == 0x0D || $0 == 0x09 } }
}

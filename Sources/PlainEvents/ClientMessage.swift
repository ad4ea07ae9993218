package import JSONScanner

/// What a plain client says in JSON: an event, or the answer to one that asked for it.
///
/// `{"event":"say","args":["lobby","hi"],"ack":7}` and `{"ack":7,"args":["yes"]}`. `args` may be left out, members of other
/// names are not looked at, and of doubled ones the last counts. The pointers are valid as long as the text is.
package enum ClientMessage {
    /// - `arguments`: comma-separated JSON values, possibly none.
    /// - `ackID`: the client wants to hear what became of it, under this number.
    case event(name: String, arguments: UnsafeRawBufferPointer, ackID: UInt64?)
    case answer(id: UInt64, arguments: UnsafeRawBufferPointer)

    /// The largest number of an ack: beyond it a JavaScript number no longer tells one from the next.
    package static let maxAckID: UInt64 = 1 << 53

    /// The most bytes of an event's name.
    package static let maxNameBytes = 1_024

    package init(_ text: UnsafeRawBufferPointer) throws(ClientMessageError) {
        var members = Members()
        do throws(JSONError) {
            try JSONScanner.members(of: text) { key, escaped, value in
                let name = UnsafeRawBufferPointer(rebasing: text[key])
                members.note(name, escaped, UnsafeRawBufferPointer(rebasing: text[value]))
            }
        } catch {
            // A whole value that is no object is JSON nevertheless.
            let isJSON = (try? JSONScanner.validate(text)) != nil
            throw isJSON ? .notAMessage("a message is an object") : .notJSON(error)
        }
        let arguments = try members.arguments()
        let ackID = try members.ackID()
        if let event = members.event {
            self = .event(name: try Self.name(event), arguments: arguments, ackID: ackID)
        } else if let ackID {
            self = .answer(id: ackID, arguments: arguments)
        } else {
            throw .notAMessage("\"event\" is missing")
        }
    }

    private static func name(_ json: UnsafeRawBufferPointer) throws(ClientMessageError) -> String {
        guard json.first == UInt8(ascii: "\"") else { throw .notAMessage("\"event\" is not a string") }
        let inner = UnsafeRawBufferPointer(rebasing: json.dropFirst().dropLast())
        guard !inner.isEmpty else { throw .notAMessage("\"event\" is empty") }
        guard inner.count <= maxNameBytes else { throw .notAMessage("\"event\" is too long") }
        return JSONScanner.decodeString(inner)
    }
}

/// Why a message was not understood.
package enum ClientMessageError: Error, Hashable, Sendable {
    case notJSON(JSONError)
    /// It is JSON, but it says nothing that is known here.
    case notAMessage(StaticReason)

    /// One line for a close frame or a problem document; never holds what the client sent.
    package var reason: String {
        switch self {
        case .notJSON(let error): "not JSON: \(error.reason)"
        case .notAMessage(let reason): reason.text
        }
    }

    /// A sentence of ours.
    package struct StaticReason: Hashable, Sendable, ExpressibleByStringLiteral {
        package let text: String
        package init(stringLiteral text: String) { self.text = text }
    }
}

/// The members that mean something.
private struct Members {
    var event: UnsafeRawBufferPointer?
    private var args: UnsafeRawBufferPointer?
    private var ack: UnsafeRawBufferPointer?

    mutating func note(_ key: UnsafeRawBufferPointer, _ escaped: Bool, _ value: UnsafeRawBufferPointer) {
        if escaped {
            // Nobody writes these keys with escapes; but JSON allows it.
            var key = JSONScanner.decodeString(key)
            key.withUTF8 { self.note(UnsafeRawBufferPointer($0), value) }
        } else {
            self.note(key, value)
        }
    }

    private mutating func note(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        if key.elementsEqual("event".utf8) {
            self.event = value
        } else if key.elementsEqual("args".utf8) {
            self.args = value
        } else if key.elementsEqual("ack".utf8) {
            self.ack = value
        }
    }

    /// What stands between the brackets.
    func arguments() throws(ClientMessageError) -> UnsafeRawBufferPointer {
        guard let args = self.args else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        guard args.first == UInt8(ascii: "[") else { throw .notAMessage("\"args\" is not a list") }
        let inner = UnsafeRawBufferPointer(rebasing: args.dropFirst().dropLast())
        let isEmpty = inner.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
        return isEmpty ? UnsafeRawBufferPointer(start: nil, count: 0) : inner
    }

    func ackID() throws(ClientMessageError) -> UInt64? {
        guard let ack = self.ack, !ack.elementsEqual("null".utf8) else { return nil }
        // Sixteen digits always fit.
        guard ack.count <= 16, let number = UInt64(String(decoding: ack, as: UTF8.self)),
            number <= ClientMessage.maxAckID
        else { throw .notAMessage("\"ack\" is not a whole number") }
        return number
    }
}

import Bus
import JSONScanner
import Routing

/// What a client says in its CONNECT when it wants to go on where it was: `{"pid":"…","offset":"…"}`.
struct RecoveryClaim: Sendable {
    enum Position: Sendable {
        /// It has seen nothing yet.
        case none
        case offset(Offset)
        /// Something that no offset looks like.
        case invalid
    }

    let pid: SessionID
    let position: Position

    /// Reads the payload of a CONNECT; nil when it does not claim a session.
    ///
    /// Work is bounded by the size of the payload, and neither value is looked at beyond the length that it may have.
    init?(auth: [UInt8]) {
        guard let pid = Self.string("pid", in: auth, limit: SessionID.length), let pid = SessionID(pid) else {
            return nil
        }
        self.pid = pid
        guard let written = JSONPath.value(["offset"], in: auth) else {
            self.position = .none
            return
        }
        if written.elementsEqual("null".utf8) {
            self.position = .none
        } else if let text = Self.string("offset", in: auth, limit: Offset.maxLength), let offset = Offset(text) {
            self.position = .offset(offset)
        } else {
            self.position = .invalid
        }
    }

    /// Neither of the two has a character that JSON would have to escape.
    private static func string(_ key: String, in auth: [UInt8], limit: Int) -> String? {
        guard let json = JSONPath.value([key], in: auth), json.count >= 2, json.count <= limit + 2,
            json.first == UInt8(ascii: "\""), !json.contains(UInt8(ascii: "\\"))
        else { return nil }
        return String(validating: json.dropFirst().dropLast(), as: UTF8.self)
    }

    /// Where in the order of a namespace the client is.
    func sequence(in epoch: Epoch) throws(RecoveryRefusal) -> UInt64? {
        switch self.position {
        case .none: return nil
        case .offset(let offset) where offset.epoch == epoch: return offset.sequence
        case .offset, .invalid: throw .invalidOffset
        }
    }
}

/// What became of a claim, as metrics count it.
enum RecoveryResult: String, CaseIterable, Sendable {
    case recovered
    /// Nobody has that session any more, or never had.
    case unknown
    /// The session is another user's.
    case otherUser
    /// The client was not let in.
    case refused
    case invalidOffset, incomplete, tooMuch, ended

    init(_ refusal: RecoveryRefusal) {
        self =
            switch refusal {
            case .invalidOffset: .invalidOffset
            case .incomplete: .incomplete
            case .tooMuch: .tooMuch
            case .ended: .ended
            }
    }
}

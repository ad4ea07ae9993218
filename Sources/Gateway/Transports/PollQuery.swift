import HTTP1
import PlainEvents

/// What the query of a long-polling client's request says: where it is, and how long it would wait.
struct PollQuery {
    private static let keys = ["cursor", "wait"]

    var cursor: PollCursor?
    var wait: Duration
    /// Parameters that are the application's.
    var application: [(name: String, value: String)]

    /// - Parameter maxWait: What is waited unless the client says less.
    init(_ query: Query, maxWait: Duration) throws(PollRefusal) {
        let pairs = query.map { (name: $0.key, value: $0.value) }
        self.application = pairs.filter { !Self.keys.contains($0.name) }
        // Which of two counts is anybody's guess.
        guard Self.keys.allSatisfy({ key in pairs.count { $0.name == key } <= 1 }) else { throw .repeated }
        if let text = pairs.first(where: { $0.name == "cursor" })?.value, !text.isEmpty {
            guard let cursor = PollCursor(text), SessionID(cursor.session) != nil else { throw .badCursor }
            self.cursor = cursor
        }
        self.wait = maxWait
        if let text = pairs.first(where: { $0.name == "wait" })?.value {
            guard let wait = RequestOptions.duration(text) else { throw .badWait }
            self.wait = min(wait, maxWait)
        }
    }
}

/// Why a request of a long-polling client is not served: its status, and a sentence of ours.
enum PollRefusal: Error, Hashable, Sendable {
    case repeated, badCursor, badWait
    /// No answer has ever given that cursor out.
    case unknownCursor
    /// A newer request of the session is served instead.
    case replaced
    /// A POST for a session that is not there.
    case noSession
    /// The session was ended for good.
    case disconnected
    /// The events that the client sent are still being worked on.
    case busy
    case tooManyMessages
    /// The body of a POST.
    case badMessage(ClientMessageError)

    var status: Int {
        switch self {
        case .repeated, .badCursor, .badWait, .unknownCursor, .badMessage: 400
        case .noSession: 404
        case .replaced: 409
        case .disconnected: 410
        case .busy, .tooManyMessages: 429
        }
    }

    var message: String {
        switch self {
        case .repeated: "\"cursor\" and \"wait\" may be there once"
        case .badCursor: "\"cursor\" is not what an answer said"
        case .badWait: "\"wait\" is a duration such as 25s or 500ms"
        case .unknownCursor: "\"cursor\" was never given out"
        case .replaced: "another request of this client is newer"
        case .noSession: "the session has ended; a GET begins a new one"
        case .disconnected: "disconnected"
        case .busy: "earlier events are not through yet"
        case .tooManyMessages: "too many messages"
        case .badMessage(let error): error.reason
        }
    }
}

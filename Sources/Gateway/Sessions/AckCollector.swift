import NIOCore
import Synchronization

/// Waits until every shard has said how many sockets a publication reached there.
final class RecipientCount: Sendable {
    private struct State {
        var missing: Int
        var count = 0
    }

    private let state: Mutex<State>
    private let done: @Sendable (Int) -> Void

    init(shards: Int, _ done: @escaping @Sendable (Int) -> Void) {
        self.state = Mutex(State(missing: shards))
        self.done = done
    }

    func report(_ count: Int) {
        let total: Int? = self.state.withLock { state in
            state.missing -= 1
            state.count += count
            return state.missing == 0 ? state.count : nil
        }
        if let total { self.done(total) }
    }
}

/// Collects the acks of an event that went to many sockets: all of them, or the first.
///
/// Ends when everyone has answered, when the first has (if that is enough), or when ``expire()`` is called; never twice.
final class AckCollector: Sendable {
    struct Response: Sendable {
        var socketID: String
        /// The JSON of the arguments, comma-separated, as the client sent them.
        var arguments: [UInt8]
        var attachments: [ByteBuffer]
    }

    struct Result: Sendable {
        var responses: [Response]
        /// Sockets that were asked and had not answered by the end.
        var missing: [String]
    }

    private struct State {
        var shardsMissing: Int
        var awaited: Set<String> = []
        var gone: [String] = []
        var responses: [Response] = []
        var isDone = false
    }

    private let first: Bool
    private let state: Mutex<State>
    private let done: @Sendable (Result) -> Void

    init(shards: Int, first: Bool, _ done: @escaping @Sendable (Result) -> Void) {
        self.first = first
        self.state = Mutex(State(shardsMissing: shards))
        self.done = done
    }

    var isDone: Bool { self.state.withLock { $0.isDone } }

    /// A socket was asked.
    ///
    /// Called before its shard reports.
    func asked(_ socketID: String) {
        self.state.withLock { state in
            if !state.isDone { state.awaited.insert(socketID) }
        }
    }

    /// A shard has asked all of its sockets.
    func shardReported(_ count: Int) {
        self.change { $0.shardsMissing -= 1 }
    }

    func answered(_ response: Response) {
        self.change { state in
            guard state.awaited.remove(response.socketID) != nil else { return }
            state.responses.append(response)
        }
    }

    /// A socket that was asked has disconnected and will not answer.
    func gone(_ socketID: String) {
        self.change { state in
            guard state.awaited.remove(socketID) != nil else { return }
            state.gone.append(socketID)
        }
    }

    /// The time is over: what has arrived is the result.
    func expire() {
        self.finish { _ in true }
    }

    private func change(_ body: (inout State) -> Void) {
        self.finish { state in
            body(&state)
            if self.first, !state.responses.isEmpty { return true }
            return state.shardsMissing == 0 && state.awaited.isEmpty
        }
    }

    private func finish(_ isOver: (inout State) -> Bool) {
        let result: Result? = self.state.withLock { state in
            guard !state.isDone, isOver(&state) else { return nil }
            let result = Result(responses: state.responses, missing: (state.gone + state.awaited).sorted())
            // Sockets that never answer remember the collector, not what it has collected.
            state = State(shardsMissing: 0, isDone: true)
            return result
        }
        if let result { self.done(result) }
    }
}

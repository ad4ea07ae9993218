import HandlerContract
import Outbox
import Routing

extension ActionRunner {
    /// Carries out what a handler answered to a stored event, whose socket may be gone since.
    ///
    /// Any thread; answers to events of one socket are applied in their order. What is for the socket itself then reaches
    /// nobody.
    func apply(
        _ answer: HandlerAnswer, to stored: StoredEvent, shards: [ShardHandle],
        failed: @escaping @Sendable (String) -> Void
    ) {
        let change: [Action] =
            answer.state.isEmpty ? [] : [.state(set: answer.state.set, unset: answer.state.unset, .me)]
        let actions = change + answer.actions
        guard !actions.isEmpty else { return }
        let event = stored.event
        let index = SessionID(event.socket).map { self.namespaces.places.shard(of: $0, shards: shards.count) } ?? 0
        shards[index].execute { shard in
            for case let local? in shard.namespaces {
                guard let socket = local.socket(id: event.socket) else { continue }
                if let problem = self.run(actions, for: socket) { failed(problem) }
                return
            }
            self.publish(actions, ofGoneSocket: event.socket, in: event.namespace)
        }
    }

    private func publish(_ actions: [Action], ofGoneSocket id: String, in name: String) {
        let own = self.namespaces.existing(name)
        for action in actions {
            // A namespace that is gone has nobody in it; another one is not meant.
            guard own != nil || action.recipient?.namespace != nil else { continue }
            self.publish(action, own: own, selfID: id)
        }
    }
}

import Configuration
import Routing
import Synchronization

/// All namespaces by name, on all shards: those that the configuration names, and those that clients open by a pattern.
final class NamespaceRegistry: Sendable {
    /// Under which metrics count names that no endpoint has; no namespace is called so, because it lacks the slash.
    static let unknownLabel = "unknown"

    private struct State {
        /// The names and patterns by which metrics count.
        var labels: [String]
        var byName: [String: Namespace] = [:]
        var freeIndices: [Int] = []
        var nextIndex = 0
        var dynamicCount: [String: Int] = [:]
        var patternOf: [String: String] = [:]
        /// When a pattern was last seen to be full of namespaces in use.
        var fullSince: [String: ContinuousClock.Instant] = [:]
    }

    private let shards: [ShardHandle]
    private let state: Mutex<State>
    /// The label of names that no configuration has had.
    private let unknown: Int

    private let logs: NamespaceLogs
    let places = SocketPlaces()

    init(shards: [ShardHandle], labels: [String], logs: NamespaceLogs = .init()) {
        self.shards = shards
        self.logs = logs
        self.state = Mutex(State(labels: labels + [Self.unknownLabel]))
        self.unknown = labels.count
    }

    /// The names and patterns of all configurations there have been, by which metrics count; one is for all else.
    var labels: [String] { self.state.withLock { $0.labels } }

    /// Names and patterns of another configuration; a label keeps its place.
    func count(_ labels: [String]) {
        self.state.withLock { state in
            for label in labels where !state.labels.contains(label) { state.labels.append(label) }
        }
    }

    /// The namespace of that name if there is one.
    func existing(_ name: String) -> Namespace? {
        self.state.withLock { $0.byName[name] }
    }

    var all: [Namespace] {
        self.state.withLock { $0.byName.values.sorted { $0.name < $1.name } }
    }

    /// The namespace that a client asks for, if one of the endpoint's rules allows it.
    ///
    /// A pattern opens at most `max` namespaces. When that many are open, one without sockets makes room, so that names
    /// made up by one client cannot lock out another.
    ///
    /// The namespace is held for the caller until ``release(_:forgetting:)``.
    func resolve(_ name: String, rules: [NamespaceMatcher]) -> Namespace? {
        for rule in rules {
            switch rule {
            case .name(let own):
                if own == name { return self.open(name, parameters: [:], pattern: nil, limit: .max) }
            case .pattern(let pattern, let text, let limit):
                if let parameters = pattern.match(name) {
                    return self.open(name, parameters: parameters, pattern: text, limit: limit)
                }
            }
        }
        return nil
    }

    private func open(_ name: String, parameters: [String: String], pattern: String?, limit: Int) -> Namespace? {
        self.state.withLock { state in
            if let namespace = state.byName[name] {
                namespace.hold()
                return namespace
            }
            if let pattern, state.dynamicCount[pattern, default: 0] >= limit {
                guard let unused = Self.unused(pattern, &state) else { return nil }
                Self.remove(unused, from: &state)
            }
            let index = state.freeIndices.popLast() ?? state.nextIndex
            if index == state.nextIndex { state.nextIndex += 1 }
            let namespace = Namespace(
                name: name, index: index, parameters: parameters, isDynamic: pattern != nil,
                label: state.labels.firstIndex(of: pattern ?? name) ?? self.unknown, shards: self.shards,
                places: self.places, log: self.logs.open(name))
            namespace.hold()
            state.byName[name] = namespace
            if let pattern {
                state.dynamicCount[pattern, default: 0] += 1
                state.patternOf[name] = pattern
            }
            return namespace
        }
    }

    /// A namespace of the pattern that nobody is in.
    private static func unused(_ pattern: String, _ state: inout State) -> Namespace? {
        // Looking through all of them takes a while; whoever asks for made-up names again and again shall not cause that.
        let now = ContinuousClock.now
        if let since = state.fullSince[pattern], since.duration(to: now) < Self.fullPause { return nil }
        let unused = state.byName.values.first { $0.isDynamic && $0.isUnused && state.patternOf[$0.name] == pattern }
        state.fullSince[pattern] = unused == nil ? now : nil
        return unused
    }

    private static let fullPause: Duration = .milliseconds(100)

    /// Ends a hold of ``resolve(_:rules:)``.
    ///
    /// `forgetting`: a namespace that clients opened goes with the last of them (`cleanupEmptyChildNamespaces`).
    func release(_ namespace: Namespace, forgetting: Bool) {
        guard forgetting, namespace.isDynamic else { return namespace.releaseHold() }
        self.state.withLock { state in
            namespace.releaseHold()
            guard namespace.isUnused, namespace.isAbandoned, state.byName[namespace.name] === namespace else { return }
            Self.remove(namespace, from: &state)
        }
    }

    /// A client that was away does not come back.
    func sessionEnded(in namespace: Namespace, forgetting: Bool) {
        guard forgetting, namespace.isDynamic else { return }
        self.state.withLock { state in
            guard namespace.isUnused, namespace.isAbandoned, state.byName[namespace.name] === namespace else { return }
            Self.remove(namespace, from: &state)
        }
    }

    private static func remove(_ namespace: Namespace, from state: inout State) {
        state.byName[namespace.name] = nil
        state.freeIndices.append(namespace.index)
        guard let pattern = state.patternOf.removeValue(forKey: namespace.name) else { return }
        state.dynamicCount[pattern, default: 1] -= 1
    }
}

/// A rule of an endpoint: which namespaces its clients may open.
enum NamespaceMatcher: Sendable {
    case name(String)
    case pattern(NamespacePattern, text: String, limit: Int)

    init(_ rule: GatewayConfiguration.NamespaceRule) {
        self =
            switch rule.names {
            case .name(let name): .name(name)
            case .pattern(let text, let pattern): .pattern(pattern, text: text, limit: rule.max)
            }
    }

    func accepts(_ name: String) -> Bool {
        switch self {
        case .name(let own): own == name
        case .pattern(let pattern, _, _): pattern.match(name) != nil
        }
    }
}

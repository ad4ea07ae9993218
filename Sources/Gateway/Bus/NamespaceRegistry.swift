import Bus
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
        var byName: [ExactName: Namespace] = [:]
        var freeIndices: [Int] = []
        var nextIndex = 0
        var dynamicCount: [String: Int] = [:]
        var patternOf: [ExactName: String] = [:]
        /// When a pattern was last seen to be full of namespaces in use.
        var fullSince: [String: ContinuousClock.Instant] = [:]
    }

    private let shards: [ShardHandle]
    private let state: Mutex<State>
    /// The label of names that no configuration has had.
    private let unknown: Int

    let logs: NamespaceLogs
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
        self.state.withLock { $0.byName[ExactName(name)] }
    }

    var all: [Namespace] {
        self.state.withLock { $0.byName.values.sorted { $0.name.precedesByBytes($1.name) } }
    }

    /// Those that have a log, in no order.
    var logged: [Namespace] {
        self.state.withLock { $0.byName.values.filter(\.isLogged) }
    }

    /// What a name means by the rules of an endpoint; the namespace itself need not exist.
    struct Place {
        let name: String
        fileprivate let parameters: [String: String]
        fileprivate let pattern: String?
        fileprivate let limit: Int
    }

    /// Where a name leads, if one of the endpoint's rules allows it: opens nothing, so that it may be asked by anybody.
    func place(of name: String, rules: [NamespaceMatcher]) -> Place? {
        for rule in rules {
            switch rule {
            case .name(let own):
                if own.isExactly(name) { return Place(name: name, parameters: [:], pattern: nil, limit: .max) }
            case .pattern(let pattern, let text, let limit):
                if let parameters = pattern.match(name) {
                    return Place(name: name, parameters: parameters, pattern: text, limit: limit)
                }
            }
        }
        return nil
    }

    /// Under which label metrics count what happens in a namespace, be it open or not.
    func label(of place: Place) -> Int { self.state.withLock { self.label(of: place, $0) } }

    private func label(of place: Place, _ state: State) -> Int {
        state.labels.firstIndex(of: place.pattern ?? place.name) ?? self.unknown
    }

    /// The namespace that a client asks for, if one of the endpoint's rules allows it.
    ///
    /// A pattern opens at most `max` namespaces. When that many are open, one without sockets makes room, so that names
    /// made up by one client cannot lock out another.
    ///
    /// The namespace is held for the caller until ``release(_:forgetting:)``.
    func resolve(_ name: String, rules: [NamespaceMatcher]) -> Namespace? {
        self.place(of: name, rules: rules).flatMap { self.open($0) }
    }

    /// The same for a name that has been looked up.
    func open(_ place: Place) -> Namespace? {
        let name = ExactName(place.name)
        return self.state.withLock { state in
            if let namespace = state.byName[name] {
                namespace.hold()
                return namespace
            }
            if let pattern = place.pattern, state.dynamicCount[pattern, default: 0] >= place.limit {
                guard let unused = Self.unused(pattern, &state) else { return nil }
                Self.remove(unused, from: &state)
            }
            let index = state.freeIndices.popLast() ?? state.nextIndex
            if index == state.nextIndex { state.nextIndex += 1 }
            let namespace = Namespace(
                name: place.name, index: index, parameters: place.parameters, isDynamic: place.pattern != nil,
                label: self.label(of: place, state), shards: self.shards, places: self.places,
                log: self.logs.open(place.name), logTotal: self.logs.total)
            namespace.hold()
            state.byName[name] = namespace
            if let pattern = place.pattern {
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
        let unused = state.byName.values.first {
            $0.isDynamic && $0.isUnused && state.patternOf[ExactName($0.name)] == pattern
        }
        state.fullSince[pattern] = unused == nil ? now : nil
        return unused
    }

    private static let fullPause: Duration = .milliseconds(100)

    /// Ends a hold of ``resolve(_:rules:)``.
    ///
    /// `forgetting`: a namespace that clients opened goes with the last of them (`cleanupEmptyChildNamespaces`). One that
    /// nobody was ever let into goes in any case: who is refused leaves nothing behind.
    func release(_ namespace: Namespace, forgetting: Bool) {
        guard namespace.isDynamic else { return namespace.releaseHold() }
        self.state.withLock { state in
            namespace.releaseHold()
            guard forgetting || !namespace.wasEntered else { return }
            Self.removeIfEmpty(namespace, from: &state)
        }
    }

    /// A client that was away does not come back.
    func sessionEnded(in namespace: Namespace, forgetting: Bool) {
        guard forgetting, namespace.isDynamic else { return }
        self.state.withLock { Self.removeIfEmpty(namespace, from: &$0) }
    }

    private static func removeIfEmpty(_ namespace: Namespace, from state: inout State) {
        guard namespace.isUnused, namespace.isAbandoned, state.byName[ExactName(namespace.name)] === namespace
        else { return }
        self.remove(namespace, from: &state)
    }

    private static func remove(_ namespace: Namespace, from state: inout State) {
        let name = ExactName(namespace.name)
        state.byName[name] = nil
        // The shards have it until its index is used again; its log nobody can ask for any more.
        namespace.dropLog()
        state.freeIndices.append(namespace.index)
        guard let pattern = state.patternOf.removeValue(forKey: name) else { return }
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
        case .name(let own): own.isExactly(name)
        case .pattern(let pattern, _, _): pattern.match(name) != nil
        }
    }
}

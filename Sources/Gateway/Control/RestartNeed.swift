import Configuration

/// What a running gateway cannot change, because something that was built from it outlives every reload.
enum RestartNeed {
    /// The options that differ and are fixed at the start; a reload that changes any of them is refused.
    static func options(from old: GatewayConfiguration, to new: GatewayConfiguration) -> [String] {
        var names: [String] = []
        func compare<Value: Equatable>(_ name: String, _ value: (GatewayConfiguration) -> Value) {
            if value(old) != value(new) { names.append(name) }
        }
        compare("node.id") { $0.node.id }
        compare("bus.type") { $0.bus }
        compare("history") { $0.history }
        // The logs are there from the start, for the namespaces of these endpoints.
        compare("endpoints[].connectionStateRecovery, or namespaces of an endpoint that has it,") { configuration in
            configuration.endpoints.filter { $0.recoveryWindow != nil }.map { endpoint in
                [endpoint.name, "\(endpoint.recoveryWindow ?? .zero)"] + endpoint.namespaces.map(Self.text)
            }
        }
        compare("outbox") { $0.outbox }
        if new.storesEvents, !old.storesEvents { names.append("the first route with the mode \"atLeastOnce\"") }
        compare("limits.memoryBudget") { $0.limits.memoryBudget }
        compare("tracing.endpoint") { $0.tracing.endpoint }
        return names
    }

    private static func text(_ rule: GatewayConfiguration.NamespaceRule) -> String {
        switch rule.names {
        case .name(let name): name
        case .pattern(let text, _): text
        }
    }

    /// The line that refuses them.
    static func refusal(_ names: [String]) -> String {
        "\(names.joined(separator: ", ")) cannot change while the gateway runs: a restart is needed (put back the old value, or restart)"
    }
}

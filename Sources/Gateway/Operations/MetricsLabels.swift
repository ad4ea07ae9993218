import Configuration

extension GatewayConfiguration {
    /// What namespaces are counted under: each name, and each pattern as it is written, once.
    var namespaceLabels: [String] {
        var labels: [String] = []
        for rule in self.endpoints.flatMap(\.namespaces) {
            let label =
                switch rule.names {
                case .name(let name): name
                case .pattern(let text, _): text
                }
            if !labels.contains(label) { labels.append(label) }
        }
        return labels
    }
}

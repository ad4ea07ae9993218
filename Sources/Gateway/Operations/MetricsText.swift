/// Writes metrics in the text format of Prometheus, version 0.0.4: families one after the other, each with its help.
struct MetricsText: Sendable {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    enum Kind: String, Sendable { case counter, gauge, histogram }

    private(set) var bytes: [UInt8] = []

    init() { self.bytes.reserveCapacity(32_768) }

    /// Begins a family; its samples follow.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        self.append("# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n")
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: some BinaryInteger) {
        self.sample(name, labels, text: String(value))
    }

    mutating func sample(_ name: String, _ labels: [(String, String)], _ value: Double) {
        self.sample(name, labels, text: Self.number(value))
    }

    private mutating func sample(_ name: String, _ labels: [(String, String)], text: String) {
        self.append(name)
        for (index, label) in labels.enumerated() {
            self.append("\(index == 0 ? "{" : ",")\(label.0)=\"\(Self.escaped(label.1, quotes: true))\"")
        }
        self.append(labels.isEmpty ? " \(text)\n" : "} \(text)\n")
    }

    /// A histogram of so many buckets.
    ///
    /// `counts`: how many were at most each bound.
    mutating func histogram(
        _ name: String, _ labels: [(String, String)], bounds: [Double], counts: [Int], count: Int, sum: Double
    ) {
        for (bound, atMost) in zip(bounds, counts) {
            self.sample("\(name)_bucket", labels + [("le", Self.number(bound))], atMost)
        }
        self.sample("\(name)_bucket", labels + [("le", "+Inf")], count)
        self.sample("\(name)_sum", labels, sum)
        self.sample("\(name)_count", labels, count)
    }

    /// A family of one sample without labels.
    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: some BinaryInteger) {
        self.family(name, kind, help)
        self.sample(name, [], value)
    }

    mutating func single(_ name: String, _ kind: Kind, _ help: String, _ value: Double) {
        self.family(name, kind, help)
        self.sample(name, [], value)
    }

    private mutating func append(_ text: String) { self.bytes.append(contentsOf: text.utf8) }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return value.rounded() == value && value.magnitude < 1e15 ? String(Int64(value)) : "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

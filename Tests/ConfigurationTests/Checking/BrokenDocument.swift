import Testing

/// A document that must not be accepted, and every line that says why.
///
/// Written as text: `# name`, then `env NAME=value` and `set a.b=c`, then the document, then `> ` and an expected line.
struct BrokenDocument: Sendable, CustomTestStringConvertible {
    var name: String
    var environment: [String: String] = [:]
    var overrides: [String] = []
    var lines: [String] = []
    var errors: [String] = []

    var document: String { lines.joined(separator: "\n") }
    var testDescription: String { name }

    static let all =
        syntax + keys + types + units + forms + availability + access + relations + routes + references + places

    static func read(_ text: String) -> [BrokenDocument] {
        var documents: [BrokenDocument] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("# ") {
                documents.append(BrokenDocument(name: String(line.dropFirst(2))))
                continue
            }
            guard var document = documents.popLast() else { continue }
            if line.hasPrefix("> ") {
                document.errors.append(String(line.dropFirst(2)))
            } else if line.hasPrefix("env ") {
                let parts = line.dropFirst(4).split(separator: "=", maxSplits: 1)
                document.environment[String(parts[0])] = String(parts[1])
            } else if line.hasPrefix("set ") {
                document.overrides.append(String(line.dropFirst(4)))
            } else {
                document.lines.append(String(line))
            }
            documents.append(document)
        }
        return documents
    }
}

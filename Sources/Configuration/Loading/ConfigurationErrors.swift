/// One thing that is wrong with the configuration, and where.
package struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where the faulty value was given.
    package enum Location: Hashable, Sendable {
        /// Line and column from 1; the column counts characters.
        case file(String, line: Int, column: Int)
        /// The name of the variable.
        case environment(String)
        /// The left side of `--set a.b=c`.
        case override(String)
    }

    package var location: Location
    /// JSON pointer to the value; empty for the document as a whole.
    package var pointer: String
    /// Never contains a secret.
    package var message: String

    package var description: String {
        switch location {
        case .file(let name, let line, let column):
            "\(name):\(line):\(column)\(pointer.isEmpty ? "" : " " + pointer): \(message)"
        case .environment(let name): "\(name): \(message)"
        case .override(let key): "--set \(key): \(message)"
        }
    }
}

/// Everything that is wrong, at least one, sorted by position: the file, then the environment, then the overrides.
package struct ConfigurationErrors: Error, Hashable, Sendable, CustomStringConvertible {
    package var all: [ConfigurationError]

    package var description: String { all.map(\.description).joined(separator: "\n") }
}

/// What became of an attempt to take over the configuration again.
enum ReloadOutcome: Sendable {
    /// In force everywhere, as the configuration of that number.
    case done(generation: Int)
    /// Nothing has changed.
    case refused([String])
}

/// Why the configuration could not be read again, a line a mistake.
package struct ReloadProblem: Error {
    package let lines: [String]

    package init(_ lines: [String]) { self.lines = lines }
}

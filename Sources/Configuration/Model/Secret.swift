/// A value that is never printed: not by `show`, a log line, an interpolation or a debugger's dump.
package struct Secret: Hashable, Sendable {
    /// The secret itself.
    ///
    /// Whoever reads it keeps it out of messages.
    package let value: String

    package init(_ value: String) { self.value = value }

    static let redacted = "(redacted)"

    /// The text without the user and password of a URL, which are secrets wherever they are written.
    static func withoutCredentials(_ text: String) -> String {
        guard let scheme = text.firstRange(of: "://") else { return text }
        let authority = text[scheme.upperBound...].prefix { !"/?#".contains($0) }
        guard let at = authority.lastIndex(of: "@") else { return text }
        return text[..<scheme.upperBound] + redacted + text[at...]
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { Self.redacted }
    package var debugDescription: String { Self.redacted }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

/// One thing that is wrong with a list of actions, a template or a requirement.
package struct ActionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// JSON pointer to the value, such as `/actions/2/rooms/0`.
    package var pointer: String
    package var message: String
    /// Where it stands in the document, in bytes.
    package var range: Range<Int>

    package init(pointer: String, message: String, range: Range<Int>) {
        self.pointer = pointer
        self.message = message
        self.range = range
    }

    package var description: String {
        "\(pointer): \(message)"
    }
}

/// Everything that is wrong, in the order of the document; at least one.
package struct ActionErrors: Error, Hashable, Sendable, CustomStringConvertible {
    /// A list longer than this is cut: the rest is of the same kind.
    package static let limit = 100

    package private(set) var all: [ActionError]

    package init(_ all: [ActionError]) {
        self.all = Array(all.prefix(ActionErrors.limit))
    }

    package var description: String {
        all.map(\.description).joined(separator: "; ")
    }
}

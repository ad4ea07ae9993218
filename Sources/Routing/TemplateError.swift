/// Why a template could not be filled in for one event.
///
/// The action fails, nothing of it is done.
package struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        /// The event has no such value.
        case missing
        /// An object, an array, null or binary where text is needed.
        case notText
        /// Text came out, but not one that may stand there; says why.
        case invalid(String)
        /// A placeholder names an attachment that is not there, or binary came where it cannot be kept.
        case binary
    }

    /// JSON pointer of the string that the template stands in.
    package var pointer: String
    /// As in the configuration, with braces; empty when the text as a whole is at fault.
    package var expression: String
    package var reason: Reason

    package init(pointer: String, expression: String, reason: Reason) {
        self.pointer = pointer
        self.expression = expression
        self.reason = reason
    }

    package var message: String {
        switch reason {
        case .missing: "\(expression) has no value"
        case .notText: "\(expression) is not text"
        case .invalid(let why): expression.isEmpty ? why : "\(expression) \(why)"
        case .binary: "\(expression) is or contains binary that cannot stand here"
        }
    }

    package var description: String {
        "\(pointer): \(message)"
    }
}

internal import JSONScanner

/// A string of the configuration with expressions in braces, such as `room:{args.0}`; `{{` and `}}` are braces.
///
/// Filling it in gives text. Where JSON is wanted, see ``JSONTemplate``.
package struct Template: Hashable, Sendable {
    enum Part: Hashable, Sendable {
        case literal(String)
        case expression(Expression)
    }

    let parts: [Part]
    /// JSON pointer of the string, for errors.
    let pointer: String

    /// A text without expressions, braces and all.
    package init(literal text: String, pointer: String = "") {
        parts = [.literal(text)]
        self.pointer = pointer
    }

    init(_ expression: Expression, pointer: String) {
        parts = [.expression(expression)]
        self.pointer = pointer
    }

    private init(parts: [Part], pointer: String) {
        self.parts = parts
        self.pointer = pointer
    }

    /// Reads the braces.
    ///
    /// The error says what is wrong, for the operator.
    package static func compile(
        _ text: String, pointer: String = "", range: Range<Int> = 0..<0
    ) -> Result<Template, ActionError> {
        switch split(text) {
        case .success(let parts): .success(Template(parts: parts, pointer: pointer))
        case .failure(let error): .failure(ActionError(pointer: pointer, message: error.message, range: range))
        }
    }

    /// The text, when there is nothing to fill in.
    package var literal: String? {
        guard parts.count == 1, case .literal(let text) = parts[0] else { return nil }
        return text
    }

    /// The expression that the whole string is.
    var soleExpression: Expression? {
        guard parts.count == 1, case .expression(let expression) = parts[0] else { return nil }
        return expression
    }

    private static func split(_ text: String) -> Result<[Part], Expression.SyntaxError> {
        var parts: [Part] = []
        var literal = ""
        var rest = Substring(text)
        while let brace = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            literal += rest[..<brace]
            let after = rest[rest.index(after: brace)...]
            if after.first == rest[brace] {
                literal.append(rest[brace])
                rest = after.dropFirst()
                continue
            }
            guard rest[brace] == "{" else {
                return .failure(.init("\"}\" without \"{\"; a literal brace is written }}"))
            }
            guard let end = after.firstIndex(where: { $0 == "}" || $0 == "{" }), after[end] == "}" else {
                return .failure(.init("\"{\" without \"}\"; a literal brace is written {{"))
            }
            let expression: Expression
            switch Expression.parse(String(after[..<end])) {
            case .success(let parsed): expression = parsed
            case .failure(let error): return .failure(error)
            }
            if !literal.isEmpty { parts.append(.literal(literal)) }
            literal = ""
            parts.append(.expression(expression))
            rest = after[after.index(after: end)...]
        }
        literal += rest
        if !literal.isEmpty || parts.isEmpty { parts.append(.literal(literal)) }
        for case .expression(let expression) in parts where parts.count > 1 && expression.isNeverText {
            return .failure(.init("\(expression) is not text and cannot stand inside a longer string"))
        }
        return .success(parts)
    }
}

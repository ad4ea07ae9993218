internal import JSONScanner

extension Template {
    /// The text with its expressions filled in.
    ///
    /// Strings come as their text and numbers as written. Booleans do inside a longer text only, where nobody takes
    /// them for a name. Null, objects, arrays and binary are errors. `escaping` is applied to what is filled in, not
    /// to what stands in the configuration.
    package func text(
        from source: some TemplateSource, escaping: (String) -> String = { $0 }
    ) throws(TemplateError) -> String {
        var text = ""
        for part in parts {
            switch part {
            case .literal(let literal): text += literal
            case .expression(let expression): text += escaping(try self.text(of: expression, from: source))
            }
        }
        return text
    }

    /// Appends the text, escaped, without quotes: what stands between the quotes of a JSON string.
    ///
    /// What a JSON string of the event contains is copied as it was written, escapes included.
    func appendEscaped(to bytes: inout [UInt8], from source: some TemplateSource) throws(TemplateError) {
        for part in parts {
            switch part {
            case .literal(let literal): bytes += JSONWriter.quoted(literal).dropFirst().dropLast()
            case .expression(let expression):
                let start = bytes.count
                let problem = expression.withValue(in: source) { value -> TemplateError.Reason? in
                    switch value {
                    case .text(let text): bytes += JSONWriter.quoted(text).dropFirst().dropLast()
                    case .json(let json):
                        switch Scalar(json) {
                        case .string(let inside): bytes += inside
                        case .number, .bool: bytes += json
                        case nil: return .notText
                        }
                    case .list, .binary: return .notText
                    case .missing: return .missing
                    }
                    return nil
                }
                guard let problem else { continue }
                bytes.removeSubrange(start...)
                throw error(expression, problem)
            }
        }
    }

    func error(_ expression: Expression, _ reason: TemplateError.Reason) -> TemplateError {
        TemplateError(pointer: pointer, expression: expression.description, reason: reason)
    }

    private func text(of expression: Expression, from source: some TemplateSource) throws(TemplateError) -> String {
        let alone = parts.count == 1
        let found = expression.withValue(in: source) { value -> Result<String, TemplateError> in
            switch value {
            case .text(let text): return .success(text)
            case .json(let json):
                switch Scalar(json) {
                case .string(let inside): return .success(JSONScanner.decodeString(inside))
                case .number: return .success(String(decoding: json, as: UTF8.self))
                case .bool where !alone: return .success(String(decoding: json, as: UTF8.self))
                default: return .failure(error(expression, .notText))
                }
            case .list, .binary: return .failure(error(expression, .notText))
            case .missing: return .failure(error(expression, .missing))
            }
        }
        return try found.get()
    }
}

/// The kinds of JSON value that have a text, told by the first byte of a validated value.
enum Scalar {
    /// What stands between the quotes.
    case string(UnsafeRawBufferPointer)
    case number
    case bool

    init?(_ json: UnsafeRawBufferPointer) {
        guard let first = json.first else { return nil }
        switch first {
        case UInt8(ascii: "\"") where json.count >= 2:
            self = .string(UnsafeRawBufferPointer(rebasing: json[1..<json.count - 1]))
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): self = .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .bool
        default: return nil
        }
    }
}

/// One row of the table of options: what an operator may write, and what it means.
///
/// The table is the only place that knows names, types, units and defaults. Decoding, validation, the JSON Schema, the
/// documentation, the full default document and the names of environment variables are derived from it.
package struct Option: Sendable {
    /// What an option is when the document does not mention it.
    package enum Default: Sendable {
        /// A JSON text; relative to it, `null` means that null may be written too.
        case value(String)
        /// The document has to give it; the example is for the documentation.
        case required(example: String)
        /// The value of another option of the same object.
        case same(as: String)
        /// The prefix and the position in the list.
        case numbered(prefix: String)
    }

    /// Whether this version can do it.
    ///
    /// What is not available is known by name and refused when it is used.
    package enum Availability: Hashable, Sendable { case available, unavailable }

    /// From the root, as written: `endpoints[].namespaces[].max`, `handlers.*.timeout`.
    package let path: String
    package let type: OptionType
    package let fallback: Default
    package let isNullable: Bool
    /// Never printed.
    package let isSecret: Bool
    /// The variants (`protocol` of an endpoint, `type` of a handler) that have it; empty: all.
    package let variants: [String]
    package let availability: Availability
    /// For people: one sentence, no markup beyond backticks.
    package let doc: String

    /// - Parameters:
    ///   - fallback: A JSON text, when the option has a plain default.
    ///   - of: ``variants``.
    init(
        _ path: String, _ type: OptionType, _ fallback: String, of variants: [String] = [], nullable: Bool = false,
        secret: Bool = false, availability: Availability = .available, _ doc: String
    ) {
        self.init(
            path, type, fallback: .value(fallback), of: variants, nullable: nullable, secret: secret,
            availability: availability, doc)
    }

    init(
        _ path: String, _ type: OptionType, fallback: Default, of variants: [String] = [], nullable: Bool = false,
        secret: Bool = false, availability: Availability = .available, _ doc: String
    ) {
        self.path = path
        self.type = type
        self.fallback = fallback
        if case .value("null") = fallback { isNullable = true } else { isNullable = nullable }
        isSecret = secret
        self.variants = variants
        self.availability = availability
        self.doc = doc
    }

    /// The default, as JSON, when it means that nothing is asked for.
    ///
    /// Only such a default may be written while the option is not available: any other promises something.
    var offValue: String? {
        guard case .value(let json) = fallback, ["null", "false", "[]", #""off""#].contains(json) else { return nil }
        return json
    }

    /// The last part of the path: the key in its object.
    package var key: String { Options.keys(of: path).last ?? "" }
}

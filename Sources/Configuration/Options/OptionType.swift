/// What the value of an option may be.
package indirect enum OptionType: Sendable {
    case bool
    case integer(ClosedRange<Int>)
    case duration(atLeast: Duration)
    /// Bytes.
    case size(ClosedRange<Int>)
    case rate
    case memoryBudget
    case text(TextForm)
    /// One of a closed set; the noun, in the plural, names them in errors: `"sse" endpoints`.
    case choice([Choice], noun: String)
    /// Of scalars, at least so many.
    case list(OptionType, atLeast: Int)
    /// One string stands for a list of one.
    case oneOrMore(TextForm)
    /// An object with options of its own; where `orBool`, `true` means all its defaults and `false` none of it.
    case section(orBool: Bool)
    /// A list of such objects. A string stands for an object with only the `shorthand` key. The key `variant` decides
    /// which options an object has.
    case sections(variant: String?, shorthand: String?, atLeast: Int)
    /// Such objects by name.
    case namedSections(variant: String)
    /// Checked by the compilers of the routing.
    case routing(RoutingPart)

    package struct Choice: Sendable {
        package let value: String
        package let availability: Option.Availability
    }

    /// What a text has to look like.
    package enum TextForm: Sendable {
        case any
        /// A name for logs, metrics and references: letters, digits, `-`, `_`, `.`, `/`, `:`.
        case label
        /// Relative to the file that names it.
        case file
        /// The path of a request.
        case requestPath
        case address
        case addressRange
        /// `http` or `https`.
        case url
        /// Either a ``url`` or a ``file``.
        case urlOrFile
        /// An ``OriginPattern``, or `*`.
        case origin
        /// The name of a header or method.
        case token
        case namespace
        case namespacePattern
        /// A template over the event.
        case template
        /// `whsec_` and base64.
        case signingKey
        /// `socket`, `user`, `room:<path>` or `none`.
        case lane
        /// The key of a handler.
        case handlerName
    }

    package enum RoutingPart: Hashable, Sendable { case match, require, actions, ack }
}

extension OptionType {
    static let duration = OptionType.duration(atLeast: .milliseconds(1))
    static let size = OptionType.size(1...Int.max)
    static let count = OptionType.integer(1...Int(Int32.max))
    static let section = OptionType.section(orBool: false)

    /// A closed set; those after `unavailable` are known, but not in this version.
    static func choice(_ values: String..., unavailable: [String] = [], of noun: String) -> OptionType {
        .choice(
            values.map { Choice(value: $0, availability: .available) }
                + unavailable.map { Choice(value: $0, availability: .unavailable) }, noun: noun)
    }

    static func list(_ element: OptionType) -> OptionType { .list(element, atLeast: 0) }

    var isSection: Bool {
        switch self {
        case .section, .sections, .namedSections: true
        default: false
        }
    }
}

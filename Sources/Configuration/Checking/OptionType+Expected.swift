extension OptionType {
    /// What an error says the value must be.
    var expected: String {
        switch self {
        case .bool: "true or false"
        case .integer: "a whole number"
        case .duration: "a duration such as \"25s\""
        case .size: "a size such as \"64KiB\" or a whole number of bytes"
        case .rate: "a rate such as \"1000/s\""
        case .memoryBudget: "an amount of memory such as \"70%\" or \"2GiB\""
        case .text: "a string"
        case .choice(let choices, _):
            "one of: " + choices.filter { $0.availability == .available }.map(\.value).joined(separator: ", ")
        case .list, .sections: "a list"
        case .oneOrMore: "a string or a list of strings"
        case .section(let orBool): orBool ? "true, false or an object" : "an object"
        case .namedSections: "an object"
        case .routing(let part): part == .actions || part == .ack ? "a list" : "an object"
        }
    }

    /// The type of the elements of a list of scalars.
    var element: OptionType {
        switch self {
        case .list(let element, _): element
        case .oneOrMore(let form): .text(form)
        default: self
        }
    }
}

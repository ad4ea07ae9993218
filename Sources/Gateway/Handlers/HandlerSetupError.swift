/// Why a handler of the configuration cannot be used, without any secret.
struct HandlerSetupError: Error, Hashable, Sendable, CustomStringConvertible {
    var handler: String
    var reason: String

    var description: String { "handler \"\(handler)\": \(reason)" }
}

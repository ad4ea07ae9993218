/// Why a handler of the configuration cannot be used. Never contains a secret.
struct HandlerSetupError: Error, Hashable, Sendable, CustomStringConvertible {
    var handler: String
    var reason: String

    var description: String { "handler \"\(handler)\": \(reason)" }
}

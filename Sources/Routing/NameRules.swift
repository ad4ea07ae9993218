/// What a room, a user, an id or an event may be called, wherever the name comes from.
package enum NameRules {
    /// Bytes of UTF-8 in the name of a room; also of a user, a socket id, an emit id or a key of the state.
    package static let maxBytes = 255
    /// Rooms in one join or leave, and in each list of rooms of a target.
    package static let maxRooms = 100
    /// Users, and sockets, in each list of a target.
    package static let maxRecipients = 1_000
    /// Actions in one list.
    package static let maxActions = 1_000

    /// Names that Socket.IO keeps for itself: a stock client that gets one as an event closes the connection.
    package static let reservedEvents: [String] = [
        "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
    ]

    /// What is wrong with a name for a room, a user or an id; nil when nothing is.
    package static func problem(with name: String) -> String? {
        let length = name.utf8.count
        if length == 0 { return "must not be empty" }
        if length > maxBytes { return "must have at most \(maxBytes) bytes, has \(length)" }
        return nil
    }

    /// What is wrong with the name of an event that is to be sent; nil when nothing is.
    package static func problem(withEvent name: String) -> String? {
        if name.isEmpty { return "must not be empty" }
        if reservedEvents.contains(where: { $0.utf8.elementsEqual(name.utf8) }) {
            return "\"\(name)\" is reserved by Socket.IO and cannot be sent"
        }
        return nil
    }
}

extension NameRules {
    /// What is wrong with the name of a namespace; nil when nothing is.
    package static func problem(withNamespace name: String) -> String? {
        name.utf8.first == UInt8(ascii: "/") ? problem(with: name) : "must begin with \"/\""
    }
}

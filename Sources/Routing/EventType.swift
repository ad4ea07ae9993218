/// The kinds of event that a handler or a route can be for.
package enum EventType: String, CaseIterable, Hashable, Sendable {
    case connect = "socket.connect"
    case connected = "socket.connected"
    /// An event with a name, of a Socket.IO or plain JSON client.
    case event = "socket.event"
    /// A raw message without a name.
    case message = "socket.message"
    case disconnected = "socket.disconnected"
    case refresh = "socket.refresh"
    case roomOccupied = "room.occupied"
    case roomVacated = "room.vacated"

    /// The types that a route is for when it names none.
    package static let messages: Set<EventType> = [.event, .message]

    /// A small number for tables; comparing and hashing would take the text.
    var ordinal: Int {
        switch self {
        case .connect: 0
        case .connected: 1
        case .event: 2
        case .message: 3
        case .disconnected: 4
        case .refresh: 5
        case .roomOccupied: 6
        case .roomVacated: 7
        }
    }
}

/// How the packets of a session travel.
///
/// Engine.IO protocol 4, "Transports".
package enum Transport: String, Sendable, Hashable, CaseIterable {
    case polling, websocket
}

/// The transports that an endpoint serves.
package struct TransportSet: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let polling = TransportSet(rawValue: 1)
    package static let websocket = TransportSet(rawValue: 2)
    package static let all: TransportSet = [.polling, .websocket]

    package func contains(_ transport: Transport) -> Bool {
        switch transport {
        case .polling: contains(TransportSet.polling)
        case .websocket: contains(TransportSet.websocket)
        }
    }
}

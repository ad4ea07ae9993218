import Bus
import NIOCore
import Routing

/// The values that the templates of a route are filled in with: an event and the socket that it came from.
///
/// `arguments` is valid only as long as the packet that it was taken from.
struct EventSource: TemplateSource {
    let socket: Socket
    var eventName: String?
    var arguments = UnsafeRawBufferPointer(start: nil, count: 0)
    var attachments: [ByteBuffer] = []
    var message: MessageValue?

    var namespace: String { self.socket.namespace.namespace.name }
    var user: String? { self.socket.user }
    var socketID: String? { self.socket.id }
    var authJSON: [UInt8]? { self.socket.auth }

    func withArguments<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result { body(self.arguments) }

    func claim(_ path: [String]) -> [UInt8]? { self.socket.token?.claim(path) }

    var certificateJSON: [UInt8]? { self.socket.client.handshake.certificate?.json }

    func state(_ path: [String]) -> [UInt8]? { self.socket.state.value(path) }

    func query(_ name: String) -> String? {
        self.socket.client.handshake.query.first { $0.name.isExactly(name) }?.value
    }

    func param(_ name: String) -> String? { self.socket.namespace.namespace.parameters[name] }

    func isInRoom(_ room: String) -> Bool {
        guard self.socket.phase == .connected else { return false }
        return room.isExactly(self.socket.id) || self.socket.namespace.membership.contains(self.socket.slot, room: room)
    }
}

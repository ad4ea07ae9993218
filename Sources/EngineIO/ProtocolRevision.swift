/// Which Engine.IO protocol a session speaks: the client says it in its handshake, by `EIO`.
///
/// Sessions of both differ in how packets are framed while polling, in what a binary frame holds, and in who pings.
package enum ProtocolRevision: UInt8, Hashable, Sendable, CaseIterable {
    /// That of Socket.IO 2 clients.
    case three = 3
    case four = 4
}

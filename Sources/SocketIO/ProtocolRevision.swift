/// Which Socket.IO protocol a client speaks; it goes with its Engine.IO protocol.
///
/// Events, acks and attachments are the same in both. In revision 4 a client is in `/` without asking; CONNECT carries
/// no payload in either direction, but the namespace may have a query; a refusal is a JSON value of any kind.
package enum ProtocolRevision: UInt8, Hashable, Sendable {
    /// That of Socket.IO 2 clients, on Engine.IO 3.
    case four = 4
    case five = 5
}

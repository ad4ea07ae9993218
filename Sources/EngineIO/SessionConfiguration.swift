/// The settings that all sessions of an endpoint share that speak one revision of the protocol.
///
/// A class, so that a session holds eight bytes of it.
package final class SessionConfiguration: Sendable {
    package let revision: ProtocolRevision
    package let pingInterval: Duration
    package let pingTimeout: Duration
    /// How long a WebSocket may take from its handshake to the upgrade packet.
    package let upgradeTimeout: Duration
    /// How long a closed polling session waits for the poll that takes the close packet away.
    package let linger: Duration
    /// The most bytes of a POST, of a message, and of the answer to a poll unless a single packet is longer.
    package let maxPayload: Int
    package let transports: TransportSet
    package let allowUpgrades: Bool

    package init(
        revision: ProtocolRevision = .four, pingInterval: Duration = .seconds(25), pingTimeout: Duration = .seconds(20),
        upgradeTimeout: Duration = .seconds(10), linger: Duration = .seconds(30), maxPayload: Int = 1_000_000,
        transports: TransportSet = .all, allowUpgrades: Bool = true
    ) {
        self.revision = revision
        self.pingInterval = pingInterval
        self.pingTimeout = pingTimeout
        self.upgradeTimeout = upgradeTimeout
        self.linger = linger
        self.maxPayload = maxPayload
        self.transports = transports
        self.allowUpgrades = allowUpgrades
    }

    /// A polling session may move to a WebSocket.
    package var offersUpgrade: Bool {
        allowUpgrades && transports.contains(TransportSet.websocket)
    }
}

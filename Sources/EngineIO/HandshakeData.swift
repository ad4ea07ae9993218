package import struct NIOCore.ByteBuffer

/// What a client is told when its session opens.
///
/// Engine.IO protocol 4, "Handshake".
package struct HandshakeData: Hashable, Sendable {
    package var sid: String
    package var upgrades: [Transport]
    package var pingInterval: Duration
    package var pingTimeout: Duration
    /// The most bytes that a POST or a message may have.
    package var maxPayload: Int

    package init(
        sid: String, upgrades: [Transport], pingInterval: Duration, pingTimeout: Duration, maxPayload: Int
    ) {
        self.sid = sid
        self.upgrades = upgrades
        self.pingInterval = pingInterval
        self.pingTimeout = pingTimeout
        self.maxPayload = maxPayload
    }

    package init(sid: String, transport: Transport, configuration: SessionConfiguration) {
        self.init(
            sid: sid,
            upgrades: transport == .polling && configuration.offersUpgrade ? [.websocket] : [],
            pingInterval: configuration.pingInterval,
            pingTimeout: configuration.pingTimeout,
            maxPayload: configuration.maxPayload)
    }

    /// Appends the open packet, `0{"sid":…}`; durations in milliseconds.
    ///
    /// The session id is written as it is: it is ours, and of the base64url alphabet.
    package func write(into buffer: inout ByteBuffer) {
        let upgrades = upgrades.map { "\"\($0.rawValue)\"" }.joined(separator: ",")
        buffer.writeString("0{\"sid\":\"\(sid)\",\"upgrades\":[\(upgrades)],")
        buffer.writeString("\"pingInterval\":\(Self.milliseconds(pingInterval)),")
        buffer.writeString("\"pingTimeout\":\(Self.milliseconds(pingTimeout)),\"maxPayload\":\(maxPayload)}")
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? .max / 2 : product &+ attoseconds / 1_000_000_000_000_000
    }
}

import EngineIO
import HandlerContract
import NIOCore

/// The client behind an Engine.IO session: what the session's messages mean.
class EngineClient: Client {
    /// The session, until it is over: handlers may answer later than that.
    var session: EngineSession?

    /// A better word for why the session is being closed than the protocol has.
    var closedFor: DisconnectReason?

    /// How long a CONNECT may take; a client that waits longer is sent away to come back by itself.
    var connectTimeout: Duration { .seconds(45) }

    /// Bytes that are kept of what the client has not sent completely.
    var heldBytes: Int { 0 }

    /// The session is open; called once, before any message.
    func opened() {}

    /// A text message has come; valid until this returns.
    func received(text: UnsafeRawBufferPointer) {}

    /// A binary message has come; valid until this returns.
    func received(binary: UnsafeRawBufferPointer) {}

    /// The session is over.
    ///
    /// Nothing comes after it.
    func sessionEnded(_ reason: CloseReason) {}

    override var transportName: String { self.session?.transport.rawValue ?? self.lastTransport }

    /// The transport at the end of the session.
    private var lastTransport = Transport.polling.rawValue

    /// The session is over, and the client has been told.
    func forgetSession() {
        self.lastTransport = self.transportName
        self.session = nil
    }

    override func kick(reason: String?) {
        self.closedFor = reason.flatMap(DisconnectReason.init(rawValue:)) ?? .server
        self.session?.close(.forcedServerClose)
    }

    override func pauseReading() { self.session?.setPaused(true) }

    override func resumeReading() { self.session?.setPaused(false) }
}

import EngineIO
import HandlerContract
import NIOCore

/// The client behind an Engine.IO session: what the session's messages mean.
class EngineClient: Client {
    /// Set once, right after both were made; the session holds the client.
    unowned var session: EngineSession! = nil

    /// A better word for why the session is being closed than the protocol has.
    var closedFor: DisconnectReason?

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

    override var transportName: String { self.session.transport.rawValue }

    override func kick(reason: String?) {
        self.closedFor = reason.flatMap(DisconnectReason.init(rawValue:)) ?? .server
        self.session.close(.forcedServerClose)
    }

    override func pauseReading() { self.session.setPaused(true) }

    override func resumeReading() { self.session.setPaused(false) }
}

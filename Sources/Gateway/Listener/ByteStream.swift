import NIOCore

/// How a connection ended.
enum ConnectionEnd {
    /// In good order, by either side.
    case closed
    /// It broke.
    case error
    /// By us: the peer did not read what was sent to it.
    case slow
}

/// The protocol that a connection speaks at the moment: HTTP first, WebSocket after an upgrade.
///
/// A class with overridden methods and not a protocol, because it is called for every read and an existential call costs
/// ten times as much.
class ByteStream {
    /// Bytes have arrived.
    ///
    /// They may be changed in place (unmasking) and are valid until this returns.
    func received(_ bytes: UnsafeMutableRawBufferPointer) {}

    /// Bytes that are kept for the peer: what is not complete yet, or waits for something.
    var heldBytes: Int { 0 }

    /// Reading was allowed again after a pause: what was put aside can be handled.
    func readsResumed() {}

    /// The peer has closed its sending side while reading is paused: there may be bytes before that end.
    func peerEndsBehindPause() {}

    /// The peer has closed its sending side.
    func inputClosed() {}

    /// Everything that was to be sent has been taken by the kernel.
    func outputDrained() {}

    /// The connection is gone.
    ///
    /// Called exactly once, and nothing after it.
    func connectionClosed(_ end: ConnectionEnd) {}
}

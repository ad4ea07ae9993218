/// Whose WebSocket it is: gets its messages, and hears of its end.
protocol WebSocketOwner: AnyObject {
    /// Whether a close frame for a peer that broke the rules says which one.
    var givesReasons: Bool { get }

    /// A text message; valid until this returns.
    func receivedText(_ payload: UnsafeRawBufferPointer, from stream: WebSocketStream)

    /// A binary message; valid until this returns.
    func receivedBinary(_ payload: UnsafeRawBufferPointer, from stream: WebSocketStream)

    func receivedPong(from stream: WebSocketStream)

    /// Bytes that it keeps for the peer, apart from what the connection holds.
    var heldBytes: Int { get }

    /// Everything that was sent has been taken by the kernel, after some of it had to wait.
    func outputDrained()

    /// The peer says goodbye; ``webSocketLost(_:_:)`` follows.
    func peerClosed(_ stream: WebSocketStream, code: UInt16?)

    /// The WebSocket is over, and not because the owner closed it.
    func webSocketLost(_ stream: WebSocketStream, _ end: ConnectionEnd)
}

/// What is nothing to Engine.IO: it has a heartbeat and a goodbye of its own, and its reference server gives no reasons.
extension WebSocketOwner {
    var givesReasons: Bool { false }

    var heldBytes: Int { 0 }

    func outputDrained() {}

    func receivedPong(from stream: WebSocketStream) {}

    func peerClosed(_ stream: WebSocketStream, code: UInt16?) {}
}

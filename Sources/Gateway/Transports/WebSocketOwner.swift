/// Whose WebSocket it is: gets its messages, and hears of its end.
protocol WebSocketOwner: AnyObject {
    /// A text message; valid until this returns.
    func receivedText(_ payload: UnsafeRawBufferPointer, from stream: WebSocketStream)

    /// A binary message; valid until this returns.
    func receivedBinary(_ payload: UnsafeRawBufferPointer, from stream: WebSocketStream)

    func receivedPong(from stream: WebSocketStream)

    /// The peer says goodbye; ``webSocketLost(_:_:)`` follows.
    func peerClosed(_ stream: WebSocketStream, code: UInt16?)

    /// The WebSocket is over, and not because the owner closed it.
    func webSocketLost(_ stream: WebSocketStream, _ end: ConnectionEnd)
}

/// What an owner with a heartbeat and a goodbye of its own need not hear.
extension WebSocketOwner {
    func receivedPong(from stream: WebSocketStream) {}

    func peerClosed(_ stream: WebSocketStream, code: UInt16?) {}
}

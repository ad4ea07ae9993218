import NIOCore

/// The endless answer to a request: bytes out, and nothing in.
final class EventStream: ByteStream {
    /// What a client may send that has nothing more to say: requests that it sent ahead.
    private static let maxInput = 65_536

    private let connection: Connection
    private weak var client: EventStreamClient?
    private var ignored = 0

    init(_ connection: Connection, client: EventStreamClient) {
        self.connection = connection
        self.client = client
    }

    override func received(_ bytes: UnsafeMutableRawBufferPointer) {
        self.ignored += bytes.count
        if self.ignored > Self.maxInput { self.connection.close(.protocolError) }
    }

    /// Nobody can tell such a client from one that has gone.
    override func inputClosed() { self.connection.closeAfterFlush() }

    override func connectionClosed(_ end: ConnectionEnd) { self.client.take()?.streamLost(end) }

    // MARK: - For the client

    var isWritable: Bool { self.connection.isWritable }
    var bufferedBytes: Int { self.connection.bufferedBytes }
    var isBehind: Bool { self.connection.isBehind }

    /// ``outputDrained()`` is called also when this turn's output is taken at once.
    func reportNextWrite() { self.connection.reportsNextWrite = true }

    override func outputDrained() { self.client?.outputDrained() }

    func send(_ shared: OutputArena.BufferID) { self.connection.send(shared) }

    func send(_ body: (inout ByteBuffer) -> Void) { self.connection.send(body) }

    /// Ends the answer.
    func end() {
        self.client = nil
        self.connection.closeAfterFlush()
    }

    /// Ends the connection without a word; unsent bytes are dropped.
    func abort() {
        self.client = nil
        self.connection.close(.done)
    }
}

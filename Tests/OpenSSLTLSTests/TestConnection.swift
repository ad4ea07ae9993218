import NIOCore
import OpenSSLTLS

/// A client and the engine under test, joined by memory.
final class TestConnection {
    let client: TestClient
    let engine: TLSEngine
    private(set) var received: [UInt8] = []
    /// How often the engine delivered plaintext.
    private(set) var deliveries = 0
    private(set) var handshakes = 0
    private(set) var state = TLSEngine.Received.State.open
    private let scratch: UnsafeMutableRawBufferPointer
    var now = ContinuousClock.now

    init(_ context: TLSContext, _ client: TestClient.Setup = .init(), scratch: Int = TLSEngine.scratchSize) throws {
        self.client = TestClient(client)
        self.engine = try TLSEngine(context: context)
        self.scratch = .allocate(byteCount: scratch, alignment: 16)
    }

    deinit { self.scratch.deallocate() }

    /// Feeds the engine, in pieces of at most `piece` bytes; returns what it wants to send.
    @discardableResult
    func feed(_ bytes: [UInt8], piece: Int = .max) -> [UInt8] {
        var output = ByteBuffer()
        var rest = bytes[...]
        repeat {
            let part = Array(rest.prefix(piece))
            rest = rest.dropFirst(part.count)
            let result = part.withUnsafeBytes {
                self.engine.receive($0, scratch: self.scratch, output: &output, now: self.now) { plaintext in
                    self.received += plaintext
                    self.deliveries += 1
                }
            }
            if result.completedHandshake { self.handshakes += 1 }
            self.state = result.state
        } while !rest.isEmpty
        return Array(output.readableBytesView)
    }

    /// Carries bytes to and fro until nobody has anything to say.
    @discardableResult
    func handshake(piece: Int = .max) -> TLSEngine.Received.State {
        var toServer = self.client.receive([])
        while !toServer.isEmpty {
            toServer = self.client.receive(self.feed(toServer, piece: piece))
        }
        return self.state
    }

    /// What the engine makes of plaintext.
    func encrypt(_ bytes: [UInt8]) throws -> [UInt8] {
        var output = ByteBuffer()
        try bytes.withUnsafeBytes { try self.engine.send($0, output: &output) }
        return Array(output.readableBytesView)
    }

    func takeReceived() -> [UInt8] {
        defer { self.received = [] }
        return self.received
    }
}

extension TLSContext {
    /// A context as tests need it; `change` sets what differs.
    static func forTests(now: Int64 = 1_900_000_000, _ change: (inout Options) -> Void = { _ in }) throws -> TLSContext
    {
        var options = Options(files: TestCertificates.fallback)
        change(&options)
        return try TLSContext(options, now: now)
    }
}

extension [UInt8] {
    /// The content types and lengths of the TLS records in it.
    var records: [(type: UInt8, length: Int)] {
        var records: [(UInt8, Int)] = []
        var index = 0
        while index + 5 <= self.count {
            let length = Int(self[index + 3]) << 8 | Int(self[index + 4])
            records.append((self[index], length))
            index += 5 + length
        }
        return records
    }
}

import COpenSSL
import NIOCore
import Testing

@testable import OpenSSLTLS

@Suite struct TLSEngineTests {
    private static let versions: [(Int32, TLSVersion)] = [(TLS1_2_VERSION, .tls12), (TLS1_3_VERSION, .tls13)]

    @Test(arguments: versions)
    func `a handshake says what was agreed on, and messages go both ways`(native: Int32, version: TLSVersion) throws {
        let connection = try TestConnection(
            .forTests(),
            .init(
                maximum: native, serverName: "default.test", protocols: ["http/1.1"],
                trusted: TestCertificates.authority))
        #expect(connection.engine.handshake == nil)
        #expect(connection.handshake() == .open)
        #expect(connection.handshakes == 1)
        let info = try #require(connection.engine.handshake)
        #expect(info.version == version)
        #expect(info.serverName == "default.test")
        #expect(info.applicationProtocol == "http/1.1")
        #expect(!info.isResumed)
        #expect(info.peer == nil)
        #expect(info.cipher.contains("GCM") || info.cipher.contains("CHACHA"))

        connection.feed(connection.client.send(Array("ping".utf8)))
        #expect(connection.received == Array("ping".utf8))
        _ = connection.client.receive(try connection.encrypt(Array("pong".utf8)))
        #expect(connection.client.received == Array("pong".utf8))
    }

    @Test(arguments: versions)
    func `bytes may come one at a time`(native: Int32, version: TLSVersion) throws {
        let connection = try TestConnection(.forTests(), .init(maximum: native))
        #expect(connection.handshake(piece: 1) == .open)
        #expect(connection.engine.handshake?.version == version)
        #expect(connection.handshakes == 1)
        connection.feed(connection.client.send(Array("slowly".utf8)), piece: 1)
        #expect(connection.received == Array("slowly".utf8))
    }

    @Test func `a request that comes together with the end of the handshake is delivered at once`() throws {
        let connection = try TestConnection(.forTests())
        let flight = connection.feed(connection.client.receive([]))
        let finished = connection.client.receive(flight)
        #expect(connection.handshakes == 0)
        connection.feed(finished + connection.client.send(Array("GET /".utf8)))
        #expect(connection.handshakes == 1)
        #expect(connection.received == Array("GET /".utf8))
    }

    @Test(arguments: versions)
    func `a megabyte goes both ways`(native: Int32, version: TLSVersion) throws {
        let connection = try TestConnection(.forTests(), .init(maximum: native))
        connection.handshake()
        let megabyte = (0..<1_048_576).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        connection.feed(connection.client.send(megabyte), piece: 65_536)
        #expect(connection.takeReceived() == megabyte)
        let records = try connection.encrypt(megabyte)
        #expect(records.records.count == 64)
        #expect(records.records.allSatisfy { $0.length <= 16_384 + 256 })
        _ = connection.client.receive(records)
        #expect(connection.client.received == megabyte)
    }

    @Test func `what is given together makes one record and few deliveries`() throws {
        let connection = try TestConnection(.forTests())
        connection.handshake()
        let turn = (0..<100).flatMap { Array("message \($0);".utf8) }
        #expect(try connection.encrypt(turn).records.count == 1)
        #expect(try connection.encrypt([]).isEmpty)

        let records = (0..<100).flatMap { connection.client.send(Array("message \($0);".utf8)) }
        #expect(records.records.count == 100)
        connection.feed(records)
        #expect(connection.received == turn)
        #expect(connection.deliveries == 1)
    }

    @Test(arguments: [1, 7, 16_384])
    func `scratch of any size works`(size: Int) throws {
        let connection = try TestConnection(.forTests(), scratch: size)
        connection.handshake()
        let message = [UInt8](repeating: 7, count: 40_000)
        connection.feed(connection.client.send(message))
        #expect(connection.received == message)
    }

    @Test func `whoever gets plaintext may read what was agreed on, and may fail at something with OpenSSL`() throws {
        let client = TestClient()
        let engine = try TLSEngine(context: .forTests())
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 2, alignment: 16)
        defer { scratch.deallocate() }
        func feed(_ bytes: [UInt8], _ body: (UnsafeMutableRawBufferPointer) -> Void) -> ([UInt8], TLSEngine.Received) {
            var output = ByteBuffer()
            let result = bytes.withUnsafeBytes {
                engine.receive($0, scratch: scratch, output: &output, now: .now, plaintext: body)
            }
            return (Array(output.readableBytesView), result)
        }
        let (flight, _) = feed(client.receive([])) { _ in }
        var seen: [TLSVersion?] = []
        let (_, result) = feed(client.receive(flight) + client.send([1, 2, 3])) { _ in
            seen.append(engine.handshake?.version)
            #expect(BIO_new_file("/nowhere", "r") == nil)
        }
        #expect(seen == [.tls13, .tls13])
        #expect(result == .init(completedHandshake: true, state: .open))
    }

    @Test func `output is appended behind what stands there`() throws {
        let connection = try TestConnection(.forTests())
        connection.handshake()
        var output = ByteBuffer(string: "first")
        try Array("second".utf8).withUnsafeBytes { try connection.engine.send($0, output: &output) }
        let first = output.readString(length: 5)
        #expect(first == "first")
        _ = connection.client.receive(Array(output.readableBytesView))
        #expect(connection.client.received == Array("second".utf8))
    }

    // MARK: - The end

    @Test(arguments: versions)
    func `close_notify is the end of what the peer sends, and not of what we send`(native: Int32, _: TLSVersion) throws
    {
        let connection = try TestConnection(.forTests(), .init(maximum: native))
        connection.handshake()
        connection.feed(connection.client.send(Array("last".utf8)) + connection.client.close())
        #expect(connection.state == .closed)
        #expect(connection.received == Array("last".utf8))
        #expect(connection.engine.inputEnded() == nil)
        #expect(connection.engine.isEstablished)
        _ = connection.client.receive(try connection.encrypt(Array("answer".utf8)))
        #expect(connection.client.received == Array("answer".utf8))
        // Whatever follows close_notify is not read.
        connection.feed([1, 2, 3])
        #expect(connection.state == .closed)
    }

    @Test func `an end without close_notify is an error`() throws {
        let connection = try TestConnection(.forTests())
        connection.handshake()
        connection.feed(connection.client.send(Array("half a mess".utf8)))
        #expect(connection.engine.inputEnded() == .truncated)
        #expect(throws: TLSError.truncated) { try connection.encrypt([1]) }
        connection.feed([1])
        #expect(connection.state == .failed(.truncated))
    }

    @Test func `an end during the handshake is an error`() throws {
        let connection = try TestConnection(.forTests())
        connection.feed(connection.client.receive([]))
        #expect(connection.engine.inputEnded() == .truncated)
    }

    @Test func `an end after our own close_notify is in order`() throws {
        let connection = try TestConnection(.forTests())
        connection.handshake()
        var output = ByteBuffer()
        connection.engine.shutdown(output: &output)
        let length = output.readableBytes
        connection.engine.shutdown(output: &output)
        #expect(output.readableBytes == length)
        _ = connection.client.receive(Array(output.readableBytesView))
        #expect(connection.client.isClosed)
        #expect(connection.engine.inputEnded() == nil)
        #expect(throws: TLSError.self) { try connection.encrypt([1]) }
    }

    @Test func `before the handshake nothing is sent`() throws {
        let connection = try TestConnection(.forTests())
        var output = ByteBuffer()
        connection.engine.shutdown(output: &output)
        #expect(output.readableBytes == 0)
        #expect(!connection.engine.isEstablished)
        #expect(throws: TLSError.self) { try connection.encrypt([1]) }
    }

    @Test func `a connection outlives its context in the box and moves to another thread`() async throws {
        var context: TLSContext? = try .forTests()
        nonisolated(unsafe) let connection = try TestConnection(#require(context))
        context = nil
        let flight = connection.feed(connection.client.receive([]))
        await Task.detached {
            _ = connection.feed(connection.client.receive(flight))
        }.value
        #expect(connection.engine.isEstablished)
    }
}

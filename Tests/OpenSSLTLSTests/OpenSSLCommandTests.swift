import Foundation
import NIOCore
import Testing

@testable import OpenSSLTLS

/// The engine behind a real socket, with `openssl s_client` on the other side.
@Suite struct OpenSSLCommandTests {
    @Test(arguments: [("-tls1_2", TLSVersion.tls12), ("-tls1_3", .tls13)])
    func `s_client verifies us, is echoed, and resumes`(flag: String, version: TLSVersion) throws {
        let context = try TLSContext.forTests {
            $0.others = [.init(names: ["exact.test"], files: TestCertificates.exact)]
        }
        let listener = try LoopbackListener()
        let session = TestCertificates.path("session\(flag).pem")
        for round in 0..<2 {
            let client = try SClient(
                port: listener.port,
                [
                    flag, "-servername", "exact.test", "-verify_hostname", "exact.test", "-verify_return_error",
                    "-CAfile", TestCertificates.authority, "-alpn", "h2,http/1.1",
                    round == 0 ? "-sess_out" : "-sess_in",
                    session,
                ])
            client.say("hello\nbye\n")
            let served = try listener.serveOne(context)
            #expect(client.output() == "hello\nbye\n")
            #expect(served.state == .open || served.state == .closed)
            #expect(served.handshake?.version == version)
            #expect(served.handshake?.serverName == "exact.test")
            #expect(served.handshake?.applicationProtocol == "http/1.1")
            #expect(served.handshake?.isResumed == (round == 1))
        }
    }

    @Test func `s_client with another protocol only is refused`() throws {
        let listener = try LoopbackListener()
        let client = try SClient(port: listener.port, ["-alpn", "ftp"])
        let served = try listener.serveOne(.forTests())
        #expect(served.state == .failed(.noApplicationProtocol))
        #expect(client.output() == "")
    }

    @Test func `s_client that is killed has truncated the stream`() throws {
        let listener = try LoopbackListener()
        let client = try SClient(port: listener.port, [])
        client.say("hello\n")
        let served = try listener.serveOne(.forTests(), whenEchoed: { client.kill() })
        #expect(served.state == .failed(.truncated))
    }
}

/// `openssl s_client` with its input held open.
private struct SClient {
    private let process = Process()
    private let input = Pipe()
    private let standardOutput = Pipe()

    init(port: UInt16, _ arguments: [String]) throws {
        self.process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        self.process.arguments = ["openssl", "s_client", "-quiet", "-connect", "127.0.0.1:\(port)"] + arguments
        self.process.standardInput = self.input
        self.process.standardOutput = self.standardOutput
        self.process.standardError = FileHandle.nullDevice
        try self.process.run()
    }

    func say(_ text: String) { self.input.fileHandleForWriting.write(Data(text.utf8)) }

    /// What it printed until it ended.
    func output() -> String {
        let data = self.standardOutput.fileHandleForReading.readDataToEndOfFile()
        self.process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    func kill() { Foundation.kill(self.process.processIdentifier, SIGKILL) }
}

/// A blocking server for one connection at a time, which echoes and hangs up after "bye".
private final class LoopbackListener {
    struct Served {
        var state: TLSEngine.Received.State
        var handshake: TLSHandshake?
    }

    let port: UInt16
    private let descriptor: CInt

    init() throws {
        self.descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        // A client that never comes must not stop the tests for good.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let descriptor = self.descriptor
        let isReady = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && listen(descriptor, 8) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(isReady)
        self.port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(self.descriptor) }

    func serveOne(_ context: TLSContext, whenEchoed: () -> Void = {}) throws -> Served {
        let connection = accept(self.descriptor, nil, nil)
        try #require(connection >= 0)
        defer { close(connection) }
        let engine = try TLSEngine(context: context)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: TLSEngine.scratchSize, alignment: 16)
        defer { scratch.deallocate() }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        var heard = ""
        while true {
            let count = recv(connection, &bytes, bytes.count, 0)
            guard count > 0 else {
                let end: TLSEngine.Received.State = engine.inputEnded().map { .failed($0) } ?? .closed
                return Served(state: end, handshake: engine.handshake)
            }
            var output = ByteBuffer()
            var plaintext: [UInt8] = []
            let received = bytes.prefix(count).withUnsafeBytes {
                engine.receive($0, scratch: scratch, output: &output, now: .now) { plaintext += $0 }
            }
            if !plaintext.isEmpty { try plaintext.withUnsafeBytes { try engine.send($0, output: &output) } }
            heard += String(decoding: plaintext, as: UTF8.self)
            if heard.hasSuffix("bye\n") || received.state == .closed { engine.shutdown(output: &output) }
            _ = output.withUnsafeReadableBytes { send(connection, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            if !plaintext.isEmpty { whenEchoed() }
            if received.state != .open || heard.hasSuffix("bye\n") {
                return Served(state: received.state, handshake: engine.handshake)
            }
        }
    }
}

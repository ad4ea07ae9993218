import COpenSSL
import Foundation
import NIOCore
import Randomness
import Testing

@testable import OpenSSLTLS

/// What peers must not get away with.
@Suite struct TLSEngineRefusalTests {
    @Test(arguments: [TLS1_VERSION, TLS1_1_VERSION])
    func `old versions are refused with an alert`(version: Int32) throws {
        let connection = try TestConnection(.forTests(), .init(minimum: TLS1_VERSION, maximum: version))
        #expect(connection.handshake() == .failed(.version))
        #expect(connection.client.error?.reason == SSL_AD_REASON_OFFSET + SSL_AD_PROTOCOL_VERSION)
    }

    @Test func `TLS 1_2 is refused where 1_3 is asked for`() throws {
        let context = try TLSContext.forTests { $0.minimumVersion = .tls13 }
        let connection = try TestConnection(context, .init(maximum: TLS1_2_VERSION))
        #expect(connection.handshake() == .failed(.version))
        #expect(try TestConnection(context).handshake() == .open)
    }

    @Test func `a client with no cipher of ours is refused`() throws {
        let connection = try TestConnection(.forTests(), .init(maximum: TLS1_2_VERSION))
        precondition(SSL_set_cipher_list(connection.client.ssl, "ECDHE-ECDSA-AES128-SHA:AES128-SHA") == 1)
        #expect(connection.handshake() == .failed(.noCommonCipher))
        #expect(connection.client.error?.reason == SSL_AD_REASON_OFFSET + SSL_AD_HANDSHAKE_FAILURE)
    }

    @Test(arguments: [["ftp"], ["h2", "imap"]])
    func `a client that offers only other protocols gets alert 120`(protocols: [String]) throws {
        let connection = try TestConnection(.forTests(), .init(protocols: protocols))
        #expect(connection.handshake() == .failed(.noApplicationProtocol))
        #expect(connection.client.error?.reason == SSL_AD_REASON_OFFSET + 120)
    }

    @Test func `a client that offers no protocol is welcome`() throws {
        let connection = try TestConnection(.forTests())
        #expect(connection.handshake() == .open)
        #expect(connection.engine.handshake?.applicationProtocol == nil)
    }

    @Test(arguments: ["GET / HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\r\n", "P"])
    func `plain HTTP is recognised and answered in its own words`(request: String) throws {
        let connection = try TestConnection(.forTests())
        let answer = String(decoding: connection.feed(Array(request.utf8)), as: UTF8.self)
        #expect(connection.state == .failed(.plaintext))
        #expect(TLSError.plaintext.label == "plaintext")
        let parts = answer.components(separatedBy: "\r\n\r\n")
        #expect(parts[0].hasPrefix("HTTP/1.1 400 "))
        #expect(parts[0].contains("Content-Length: \(parts[1].utf8.count)\r\n"))
    }

    @Test func `a client that does not trust our certificate is named by its alert`() throws {
        let connection = try TestConnection(.forTests(), .init(trusted: TestCertificates.otherAuthority))
        #expect(connection.handshake() == .failed(.peerAlert(UInt8(SSL_AD_UNKNOWN_CA))))
    }

    @Test func `more than 16 KiB before the handshake is complete is too much`() throws {
        // A ClientHello that says it has 64 KiB, in records of 1 KiB.
        var bytes: [UInt8] = [22, 3, 1, 4, 0, 1, 0, 255, 255, 3, 3] + [UInt8](repeating: 0, count: 1024 - 6)
        for _ in 0..<30 { bytes += [22, 3, 1, 4, 0] + [UInt8](repeating: 0, count: 1024) }
        for piece in [1, 1000, Int.max] {
            let connection = try TestConnection(.forTests())
            connection.feed(Array(bytes.prefix(TLSEngine.handshakeLimit - 1)), piece: piece)
            #expect(connection.state == .open)
            connection.feed(Array(bytes.dropFirst(TLSEngine.handshakeLimit - 1)), piece: piece)
            #expect(connection.state == .failed(.handshakeTooLarge))
        }
    }

    @Test func `the limit is for the handshake alone`() throws {
        let connection = try TestConnection(.forTests())
        let finished = connection.client.receive(connection.feed(connection.client.receive([])))
        let request = [UInt8](repeating: 65, count: 60_000)
        connection.feed(finished + connection.client.send(request))
        #expect(connection.received == request)
    }

    @Test func `renegotiation ends the connection`() throws {
        let connection = try TestConnection(.forTests(), .init(maximum: TLS1_2_VERSION))
        connection.handshake()
        let hello = connection.client.perform { ssl in
            SSL_renegotiate(ssl)
            SSL_do_handshake(ssl)
        }
        #expect(!hello.isEmpty)
        let answer = connection.feed(hello)
        #expect(connection.state == .failed(.renegotiation))
        // no_renegotiation, then close_notify.
        #expect(answer.records.map(\.type) == [21, 21])
    }

    @Test func `a few key updates are normal`() throws {
        let connection = try TestConnection(.forTests())
        connection.handshake()
        connection.feed(self.keyUpdates(10, connection.client) + connection.client.send([1]))
        #expect(connection.state == .open)
        #expect(connection.takeReceived() == [1])
        connection.now += .seconds(61)
        connection.feed(self.keyUpdates(10, connection.client) + connection.client.send([2]))
        #expect(connection.received == [2])
        _ = connection.client.receive(try connection.encrypt([3]))
        #expect(connection.client.received == [3])
    }

    @Test(arguments: [1, 30, Int.max])
    func `a flood of key updates ends the connection`(piece: Int) throws {
        let connection = try TestConnection(.forTests())
        connection.handshake()
        let answer = connection.feed(self.keyUpdates(1000, connection.client), piece: piece)
        #expect(connection.state == .failed(.tooManyKeyUpdates))
        #expect(connection.client.receive(answer).isEmpty)
        #expect(connection.client.isClosed)
    }

    private func keyUpdates(_ count: Int, _ client: TestClient) -> [UInt8] {
        (0..<count).flatMap { _ in
            client.perform { ssl in
                SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED)
                SSL_do_handshake(ssl)
            }
        }
    }

    @Test func `a changed record is delivered in no part, and what came before it is`() throws {
        let connection = try TestConnection(.forTests())
        connection.handshake()
        let good = connection.client.send(Array("good".utf8))
        var bad = connection.client.send(Array("bad".utf8))
        bad[8] ^= 1
        let answer = connection.feed(good + bad)
        #expect(connection.received == Array("good".utf8))
        guard case .failed(.malformed) = connection.state else {
            Issue.record("\(connection.state)")
            return
        }
        #expect(connection.client.receive(answer).isEmpty)
        #expect(connection.client.error?.reason == SSL_AD_REASON_OFFSET + SSL_AD_BAD_RECORD_MAC)
    }

    @Test func `errors of one connection are not taken for those of another`() throws {
        let context = try TLSContext.forTests()
        let healthy = try TestConnection(context)
        healthy.handshake()
        let broken = try TestConnection(context)
        broken.feed([22, 3, 1, 255, 255, 1, 2, 3, 4, 5, 6])
        #expect(ERR_peek_error() == 0)
        healthy.feed(healthy.client.send([9]))
        #expect(healthy.state == .open)
        #expect(healthy.received == [9])
    }

    // MARK: - Anything at all

    @Test func `random bytes never trap`() throws {
        let context = try TLSContext.forTests()
        var random = SeededRandom(seed: 1)
        for _ in 0..<2000 {
            let connection = try TestConnection(context, scratch: 64)
            let bytes = (0..<Int.random(in: 1...200, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            connection.feed(Bool.random(using: &random) ? [22, 3, 1] + bytes : bytes)
            _ = connection.engine.inputEnded()
        }
    }

    @Test func `a handshake with changed bytes never traps`() throws {
        let context = try TLSContext.forTests {
            $0.clientCertificates = .optional(authorities: TestCertificates.authority)
            $0.others = [.init(names: ["*.wild.test"], files: TestCertificates.wildcard)]
        }
        var random = SeededRandom(seed: 2)
        for round in 0..<600 {
            let connection = try TestConnection(
                context,
                .init(
                    maximum: round % 2 == 0 ? TLS1_3_VERSION : TLS1_2_VERSION, serverName: "a.wild.test",
                    protocols: ["h2", "http/1.1"], certificate: round % 3 == 0 ? TestCertificates.client : nil))
            var toServer = connection.client.receive([])
            var flights = 0
            let damaged = Int.random(in: 0..<3, using: &random)
            while !toServer.isEmpty, flights < 6 {
                if flights == damaged {
                    for _ in 0..<Int.random(in: 1...4, using: &random) {
                        toServer[Int.random(in: 0..<toServer.count, using: &random)] = UInt8.random(
                            in: 0...255, using: &random)
                    }
                }
                toServer = connection.client.receive(connection.feed(toServer))
                flights += 1
            }
            connection.feed(connection.client.send([1, 2, 3]))
        }
    }
}

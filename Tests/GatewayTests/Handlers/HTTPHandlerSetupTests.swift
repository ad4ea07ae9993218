import Foundation
import Logging
import Testing

@testable import Configuration
@testable import Gateway

@Suite(.timeLimit(.minutes(5))) struct HTTPHandlerSetupTests {
    private func problem(_ change: (inout GatewayConfiguration.HTTPHandler) -> Void) -> String? {
        var options = HandlerFixture.options(url: "http://127.0.0.1:3000/events")
        change(&options)
        do throws(HandlerSetupError) {
            _ = try HTTPHandlerSetup(name: "chat", options: options, version: "1.0")
            return nil
        } catch {
            return error.description
        }
    }

    @Test(arguments: [
        "", "localhost", "/events", "ftp://localhost/", "http://", "unix:/run/s", "http://a:b@localhost/",
    ])
    func `a URL that cannot be called is refused`(url: String) throws {
        let text = try #require(problem { $0.url = url })
        #expect(text.hasPrefix("handler \"chat\": url "))
    }

    @Test func `a signing key is refused without being shown`() throws {
        let secret = "whsec_dG9vIHNob3J0"
        let text = try #require(problem { $0.signingKeys = [Secret(secret)] })
        #expect(text == "handler \"chat\": signingKeys/0: a signing key has 24 to 64 bytes; this one has 9")
        let key = Secret("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
        #expect(problem { $0.signingKeys = [key, key] } == nil)
        #expect(problem { $0.signingKeys = [key, key, key] }?.contains("at most two") == true)
    }

    @Test func `a file of authorities has to be there and to have certificates`() throws {
        #expect(problem { $0.certificateAuthority = "/nowhere/ca.pem" }?.contains("/nowhere/ca.pem") == true)
        #expect(problem { $0.certificateAuthority = "/dev/null" } != nil)
    }

    @Test func `an authority of one's own is trusted, and the system's are not asked`() async throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID()).pem").path
        try TestCertificate.certificate.write(toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let backend = try await ScriptedBackend(tls: TestCertificate.serverContext()) { _ in .status(204) }
        let url = "https://localhost:\(backend.port)/"
        let trusting = try HandlerFixture(url: url, certificateAuthority: file)
        trusting.send("1")
        #expect(await trusting.only() == "answer ")
        let other = try HandlerFixture(url: url, random: 0.99)
        other.send("2", timeout: .seconds(10))
        #expect(await other.only().hasPrefix("failed "))
        #expect(other.service.statistics().requests.contains { $0.outcome == "notConnected" })
        #expect(backend.requests.all.count == 1)
        await trusting.end()
        await other.end()
        await backend.close()
    }

    @Test func `the directory has every handler, or says what is wrong with one`() async throws {
        let good = GatewayConfiguration.Handler.http(HandlerFixture.options(url: "http://127.0.0.1:3000/"))
        let bad = GatewayConfiguration.Handler.http(HandlerFixture.options(url: "nonsense"))
        let logger = Logger(label: "test")
        #expect(throws: HandlerSetupError.self) {
            try HandlerDirectory(["a": good, "b": bad], version: "1.0", logger: logger)
        }
        let directory = try HandlerDirectory(["a": good, "b": good], version: "1.0", logger: logger)
        #expect(directory["a"] != nil && directory["b"] != nil && directory["c"] == nil)
        await directory.shutDown(within: .seconds(1))
    }
}

import HTTP1
import Testing

@testable import Gateway

@Suite struct AdminGateTests {
    private let open = AdminGate(AdminFixture.open)
    private let keyed = AdminGate(AdminFixture.keyed)

    private func status(_ gate: AdminGate, _ head: RequestHead) -> Int {
        problem { () throws(AdminProblem) in _ = try gate.admit(head) }?.status ?? 200
    }

    @Test func `tools on the same machine are let in`() throws {
        #expect(self.status(self.open, try AdminFixture.head("GET", "/v1/sockets")) == 200)
        for host in ["localhost", "LOCALHOST:1", "127.0.0.1", "127.8.9.1:80", "[::1]", "[::1]:9090"] {
            let head = try AdminFixture.head("GET /v1/sockets HTTP/1.1\nHost: \(host)")
            #expect(self.status(self.open, head) == 200, "\(host)")
        }
    }

    @Test(arguments: [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example:9090", "10.0.0.1", "[::2]", "0",
    ])
    func `a name that was made to point here is not`(host: String) throws {
        let head = try AdminFixture.head("GET /v1/sockets HTTP/1.1\nHost: \(host)")
        #expect(self.status(self.open, head) == 403)
    }

    @Test func `the listener's own address is fine`() {
        #expect(AdminGate.isLocal("Admin.Internal:9090", own: "admin.internal"))
        #expect(AdminGate.isLocal("[FD00::1]:9090", own: "fd00::1"))
        #expect(!AdminGate.isLocal("[fd00::1", own: "fd00::1"))
        #expect(!AdminGate.isLocal("", own: "admin.internal"))
    }

    @Test(arguments: [
        "Origin: http://localhost:3000", "Origin: null", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: Cross-Site",
    ])
    func `requests of web pages are refused, key or not`(field: String) throws {
        #expect(self.status(self.open, try AdminFixture.head("GET", "/metrics", field)) == 403)
        let key = "Authorization: Bearer secret of admin"
        #expect(self.status(self.keyed, try AdminFixture.head("GET", "/metrics", field, key)) == 403)
        #expect(self.status(self.open, try AdminFixture.head("GET", "/livez", field)) == 200)
    }

    @Test func `with keys, a request says which one it has`() throws {
        func status(_ method: String, _ path: String, _ fields: String...) throws -> Int {
            let lines = ["\(method) \(path) HTTP/1.1", "Host: anything"] + fields
            return self.status(self.keyed, try AdminFixture.head(lines.joined(separator: "\n")))
        }
        #expect(try status("GET", "/readyz") == 200)
        #expect(try status("GET", "/metrics") == 401)
        #expect(try status("GET", "/metrics", "Authorization: Bearer secret of read") == 200)
        #expect(try status("POST", "/v1/emit", "Authorization: Bearer secret of read") == 403)
        #expect(try status("POST", "/v1/emit", "Authorization: Bearer secret of emit") == 200)
        #expect(try status("DELETE", "/v1/sockets/x", "Authorization: Bearer secret of emit") == 403)
        let twice = ["Authorization: Bearer secret of read", "Authorization: Bearer secret of admin"]
        #expect(try status("GET", "/metrics", twice[0], twice[1]) == 401)
    }

    @Test func `a refusal says what would be right`() throws {
        let wrong = try AdminFixture.head("GET", "/v1/emit")
        let allow = problem { () throws(AdminProblem) in _ = try self.open.admit(wrong) }
        #expect(allow?.status == 405)
        #expect(allow?.headers.first?.value == "POST")
        let anonymous = try AdminFixture.head("GET", "/metrics")
        let challenge = problem { () throws(AdminProblem) in _ = try self.keyed.admit(anonymous) }
        #expect(challenge?.headers.first?.name == "www-authenticate")
        #expect(challenge?.headers.first?.value == "Bearer realm=\"gatehouse\"")
    }

    @Test func `a body is JSON, where one is wanted`() throws {
        func status(_ method: String, _ path: String, _ fields: String...) throws -> Int {
            let lines = ["\(method) \(path) HTTP/1.1", "Host: localhost", "Content-Length: 2"] + fields
            let head = try AdminFixture.head(lines.joined(separator: "\n"))
            return problem { () throws(AdminProblem) in
                try AdminGate.checkContent(head, try self.open.admit(head).route)
            }?.status ?? 200
        }
        #expect(try status("POST", "/v1/emit", "Content-Type: application/json") == 200)
        #expect(try status("POST", "/v1/emit", "Content-Type: Application/JSON ; charset=utf-8") == 200)
        #expect(try status("POST", "/v1/emit") == 415)
        #expect(try status("POST", "/v1/emit", "Content-Type: text/plain") == 415)
        #expect(try status("POST", "/v1/emit", "Content-Type: application/json-patch+json") == 415)
        #expect(try status("DELETE", "/v1/sockets/x", "Content-Type: application/json") == 400)
    }
}

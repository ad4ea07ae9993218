import Configuration
import HTTP1
import NIOCore

@testable import Configuration
@testable import Gateway

/// Requests as they come from the wire, and listeners to send them to.
enum AdminFixture {
    static func head(_ text: String) throws -> RequestHead {
        var parser = RequestParser()
        var input = ByteBuffer(string: text.replacing("\n", with: "\r\n") + "\r\n\r\n")
        guard case .head(let head)? = try parser.next(&input) else { throw Incomplete() }
        return head
    }

    struct Incomplete: Error {}

    static func head(_ method: String, _ path: String, _ fields: String...) throws -> RequestHead {
        try self.head((["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1:9090"] + fields).joined(separator: "\n"))
    }

    static func request(_ method: String, _ path: String, body: String = "", _ fields: String...) throws -> AdminRequest
    {
        let lines = ["\(method) \(path) HTTP/1.1", "Host: localhost"] + fields
        let head = try self.head(lines.joined(separator: "\n"))
        return AdminRequest(try AdminGate(self.open).admit(head), head: head, body: ByteBuffer(string: body))
    }

    static let open = GatewayConfiguration.Admin(address: .host("127.0.0.1", port: 9090), keys: [])

    static let keyed = GatewayConfiguration.Admin(
        address: .host("10.0.0.1", port: 9090),
        keys: GatewayConfiguration.AdminKey.Scope.allCases.map {
            .init(name: $0.rawValue, secret: Secret("secret of \($0.rawValue)"), scopes: [$0])
        })
}

/// What was refused, and how; nil when nothing was.
func problem(_ body: () throws(AdminProblem) -> Void) -> AdminProblem? {
    do throws(AdminProblem) {
        try body()
        return nil
    } catch {
        return error
    }
}

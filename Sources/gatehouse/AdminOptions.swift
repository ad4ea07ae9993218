import ArgumentParser
import Configuration
import Foundation
import Gateway
import JSONScanner

/// How a command reaches the running gateway: by the same configuration file, or by an address.
struct AdminOptions: ParsableArguments {
    static let keyVariable = "GATEHOUSE_ADMIN_KEY"

    @OptionGroup var options: ConfigurationOptions

    @ArgumentParser.Option(
        help: ArgumentHelp(
            "The admin listener, such as 127.0.0.1:9090 or unix:/run/gatehouse.sock; then no configuration is read, and the key comes from \(Self.keyVariable).",
            valueName: "address"))
    var address: String?

    @Flag(help: "The gateway's answer as it is: JSON.")
    var json = false

    /// - Parameter scope: what the key has to be good for.
    func client(_ scope: GatewayConfiguration.AdminKey.Scope) throws -> AdminClient {
        let key = ProcessInfo.processInfo.environment[Self.keyVariable]
        if let address {
            guard let address = Address(address) else {
                throw CommandFailure(64, "--address: \"\(address)\" is no address (write host:port or unix:PATH)")
            }
            return AdminClient(address: address, key: key)
        }
        guard let admin = try self.options.load().admin else {
            throw CommandFailure(69, "no admin listener: the configuration turns it off (set admin.address)")
        }
        let own = admin.keys.first { $0.scopes.contains(scope) || $0.scopes.contains(.admin) }
        return AdminClient(address: admin.address, key: key ?? own?.secret.value)
    }

    /// Asks the gateway, and ends the command when it does not do what is asked.
    func send(
        _ method: String, _ path: String, json body: [UInt8]? = nil,
        scope: GatewayConfiguration.AdminKey.Scope, doing what: String
    ) async throws -> [UInt8] {
        let answer = try await self.ask(method, path, json: body, scope: scope, doing: what)
        guard answer.isSuccess else { throw Self.failure(answer, what) }
        return answer.body
    }

    func ask(
        _ method: String, _ path: String, json body: [UInt8]? = nil,
        scope: GatewayConfiguration.AdminKey.Scope, doing what: String
    ) async throws -> AdminClient.Answer {
        do throws(AdminClient.Unreachable) {
            return try await (try self.unwrapped(scope)).send(method, path, json: body)
        } catch {
            throw CommandFailure(
                69, "\(what): \(error.address): \(error.reason) (is the gateway running, and is this its address?)")
        }
    }

    /// The client, or the end of the command: a typed `throws` has room for one kind of error.
    private func unwrapped(_ scope: GatewayConfiguration.AdminKey.Scope) -> AdminClient {
        do {
            return try self.client(scope)
        } catch let failure as CommandFailure {
            failure.exit()
        } catch {
            CommandFailure(1, "\(error)").exit()
        }
    }

    /// A problem of the API (RFC 9457) as a line, with the exit code that fits.
    static func failure(_ answer: AdminClient.Answer, _ what: String) -> CommandFailure {
        let problem = try? JSONDocument(String(decoding: answer.body, as: UTF8.self)).root
        let detail = problem?["detail"]?.string ?? "the gateway answered \(answer.status)"
        let hint =
            switch answer.status {
            case 401: " (give the key: -c FILE, or \(Self.keyVariable))"
            case 403: " (use a key with another scope)"
            case 503: " (try again later)"
            default: ""
            }
        let errors = problem?["errors"]?.elements.compactMap { $0["detail"]?.string } ?? []
        let code: Int32 = answer.status == 503 ? 75 : 1
        return CommandFailure(code, lines: ["gatehouse: \(what): \(detail)\(hint)"] + errors)
    }

    /// Shows an answer: as it is, or as `text` makes it readable.
    func show(_ body: [UInt8], _ text: (JSONNode) -> String) throws {
        let whole = String(decoding: body, as: UTF8.self)
        guard !self.json else { return print(whole) }
        guard let root = try? JSONDocument(whole).root else {
            throw CommandFailure(1, "the answer is not JSON (is this the admin listener?)")
        }
        let shown = text(root)
        if !shown.isEmpty { print(shown) }
    }

    /// Asks for a page of a list and shows it: a line for each of its elements, and how to get the next page, if there is one.
    func showPage(_ path: String, of list: String, doing what: String, _ line: (JSONNode) -> String) async throws {
        let body = try await self.send("GET", path, scope: .read, doing: what)
        try self.show(body) { root in
            let lines = (root[list]?.elements ?? []).map(line)
            let next = root["cursor"]?.string.map { ["more: --cursor \($0)"] } ?? []
            return (lines + next).joined(separator: "\n")
        }
    }

    /// A name as one segment of a path, or one value of a query.
    static func escape(_ text: String) -> String {
        text.addingPercentEncoding(withAllowedCharacters: Self.unreserved) ?? ""
    }

    /// Of RFC 3986.
    private static let unreserved = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    static func query(_ parameters: [(String, String?)]) -> String {
        let given = parameters.compactMap { name, value in value.map { "\(name)=\(Self.escape($0))" } }
        return given.isEmpty ? "" : "?" + given.joined(separator: "&")
    }
}

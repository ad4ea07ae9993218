import ArgumentParser
import JSONScanner

struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes the running gateway read its configuration again: all of it, or nothing and exit code 78.")

    @OptionGroup var admin: AdminOptions

    func run() async {
        await reportingFailures {
            let answer = try await self.admin.ask("POST", "/v1/config/reload", scope: .admin, doing: "reload")
            guard answer.isSuccess else {
                let failure = AdminOptions.failure(answer, "reload")
                throw CommandFailure(answer.status == 422 ? 78 : failure.code, lines: failure.lines)
            }
            try self.admin.show(answer.body) { "reloaded: configuration \($0["generation"]?.int ?? 0) is in force" }
        }
    }
}

struct Drain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Empties the running gateway without ending it: new clients are refused, those it has are closed.")

    @OptionGroup var admin: AdminOptions

    @Flag(help: "Serve again.")
    var cancel = false

    @Flag(help: "Return when everybody has been closed.")
    var wait = false

    func validate() throws {
        guard !(self.cancel && self.wait) else { throw ValidationError("--cancel leaves nothing to --wait for") }
    }

    func run() async {
        await reportingFailures {
            var body = try await self.admin.send(
                self.cancel ? "DELETE" : "POST", "/v1/drain", scope: .admin, doing: "drain")
            while self.wait, Self.isUnderWay(body) {
                try await Task.sleep(for: .milliseconds(200))
                body = try await self.admin.send("GET", "/v1/drain", scope: .admin, doing: "drain")
            }
            try self.admin.show(body) { Self.line($0) }
        }
    }

    private static func isUnderWay(_ body: [UInt8]) -> Bool {
        let state = (try? JSONDocument(String(decoding: body, as: UTF8.self)).root)?["state"]?.string
        return state == "announced" || state == "closing"
    }

    static func line(_ node: JSONNode) -> String {
        "\(node["state"]?.string ?? "?"): \(node["connections"]?.int ?? 0) connections, "
            + "\(node["sessions"]?.int ?? 0) sessions, \(node["remaining"]?.int ?? 0) to be closed"
    }
}

struct Status: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Shows what the running gateway is doing.")

    @OptionGroup var admin: AdminOptions

    func run() async {
        await reportingFailures {
            let body = try await self.admin.send("GET", "/v1/nodes", scope: .read, doing: "status")
            try self.admin.show(body) { root in
                (root["nodes"]?.elements ?? []).map(Self.text).joined(separator: "\n\n")
            }
        }
    }

    private static func text(_ node: JSONNode) -> String {
        node.members.filter { $0.key != "self" }
            .map { "\($0.key.padding(to: 14))\($0.value.string ?? $0.value.rawString)" }.joined(separator: "\n")
    }
}

struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Exit code 0 when the running gateway is well, 69 when it is not or does not answer.")

    @OptionGroup var admin: AdminOptions

    @Flag(help: "May it receive traffic? The default.")
    var ready = false

    @Flag(help: "Do its event loops answer?")
    var live = false

    func validate() throws {
        guard !(self.ready && self.live) else { throw ValidationError("ask for one of --ready and --live") }
    }

    func run() async {
        await reportingFailures {
            let answer = try await self.admin.ask(
                "GET", self.live ? "/livez?verbose" : "/readyz?verbose", scope: .read, doing: "health")
            let root = try? JSONDocument(String(decoding: answer.body, as: UTF8.self)).root
            if self.admin.json { print(String(decoding: answer.body, as: UTF8.self)) }
            guard answer.isSuccess else {
                let failing = (root?["checks"]?.members ?? []).filter { $0.value.string != "ok" }.map(\.key)
                throw CommandFailure(
                    69, "health: \(self.live ? "not live" : "not ready"): \(failing.joined(separator: ", "))")
            }
            if !self.admin.json { print("ok") }
        }
    }
}

extension String {
    /// For a column of a table.
    func padding(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - self.count)) }
}

import ArgumentParser
import JSONScanner

struct DeadLetters: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dlq",
        abstract: "Shows, sends again and deletes stored events that were given up.",
        discussion: "Asks the running gateway by its admin listener.",
        subcommands: [List.self, Show.self, Replay.self, Drop.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All dead letters, oldest event first.")

        @OptionGroup var admin: AdminOptions

        @ArgumentParser.Option(help: "Only of this handler.")
        var handler: String?

        @OptionGroup var page: PageOptions

        func run() async {
            await reportingFailures {
                let query = AdminOptions.query([("handler", self.handler)] + self.page.parameters)
                try await self.admin.showPage("/v1/dlq\(query)", of: "letters", doing: "dlq") { letter in
                    [
                        letter["id"]?.string, letter["diedAt"]?.string, letter["handler"]?.string,
                        letter["route"]?.string, letter["reason"]?.string, letter["attempts"]?.rawString,
                        letter["problem"]?.string,
                    ].map { $0 ?? "-" }.joined(separator: "  ")
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One dead letter, its event and what the handler answered last.")

        @OptionGroup var admin: AdminOptions

        @Argument(help: "The event's id.")
        var id: String

        func run() async {
            await reportingFailures {
                let path = "/v1/dlq/\(AdminOptions.escape(self.id))"
                let body = try await self.admin.send("GET", path, scope: .read, doing: "dlq")
                try self.admin.show(body) { $0.lines }
            }
        }
    }

    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sends dead letters again, with the same ids and in their first order.")

        @OptionGroup var admin: AdminOptions
        @OptionGroup var selection: Selection

        func run() async {
            await reportingFailures {
                let body: [UInt8]
                if let id = self.selection.id {
                    let path = "/v1/dlq/\(AdminOptions.escape(id))/replay"
                    body = try await self.admin.send("POST", path, scope: .admin, doing: "dlq")
                } else {
                    var writer = JSONWriter()
                    writer.beginObject()
                    if let handler = self.selection.handler { writer.member("handler", handler) }
                    if self.selection.all { writer.member("all", true) }
                    writer.endObject()
                    body = try await self.admin.send(
                        "POST", "/v1/dlq/replay", json: writer.bytes, scope: .admin, doing: "dlq")
                }
                try self.admin.show(body) { $0.lines }
            }
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Deletes dead letters for good.")

        @OptionGroup var admin: AdminOptions
        @OptionGroup var selection: Selection

        func run() async {
            await reportingFailures {
                guard let id = self.selection.id else {
                    let query = AdminOptions.query([
                        ("handler", self.selection.handler), ("all", self.selection.all ? "true" : nil),
                    ])
                    let body = try await self.admin.send("DELETE", "/v1/dlq\(query)", scope: .admin, doing: "dlq")
                    return try self.admin.show(body) { $0.lines }
                }
                let path = "/v1/dlq/\(AdminOptions.escape(id))"
                _ = try await self.admin.send("DELETE", path, scope: .admin, doing: "dlq")
            }
        }
    }

    /// Exactly one of its three, so that nothing is sent or deleted by an empty command.
    struct Selection: ParsableArguments {
        @Argument(help: "The event's id.")
        var id: String?

        @ArgumentParser.Option(help: "All of this handler.")
        var handler: String?

        @Flag(help: "All of them.")
        var all = false

        func validate() throws {
            guard [self.id != nil, self.handler != nil, self.all].count(where: { $0 }) == 1 else {
                throw ValidationError("say which: an id, --handler or --all")
            }
        }
    }
}

struct OutboxCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "outbox", abstract: "Looks at the stored events.", subcommands: [Stats.self])

    struct Stats: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "How many events wait, since when, and how much room is left.")

        @OptionGroup var admin: AdminOptions

        func run() async {
            await reportingFailures {
                let body = try await self.admin.send("GET", "/v1/outbox", scope: .read, doing: "outbox")
                try self.admin.show(body) { $0.lines }
            }
        }
    }
}

extension JSONNode {
    /// A member a line.
    fileprivate var lines: String {
        self.members.map { "\($0.key.padding(to: 14))\($0.value.string ?? $0.value.rawString)" }.joined(separator: "\n")
    }
}

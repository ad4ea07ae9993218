import ArgumentParser
import JSONScanner

struct Sockets: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows who is connected, and ends connections.",
        subcommands: [List.self, Show.self, Disconnect.self, Kick.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All sockets, or those of a namespace, room or user.")

        @OptionGroup var admin: AdminOptions

        @ArgumentParser.Option(help: "Only of this namespace.")
        var namespace: String?

        @ArgumentParser.Option(help: "Only in this room.")
        var room: String?

        @ArgumentParser.Option(help: "Only of this user.")
        var user: String?

        @OptionGroup var page: PageOptions

        func run() async {
            await reportingFailures {
                let query = AdminOptions.query(
                    [("namespace", self.namespace), ("room", self.room), ("user", self.user)] + self.page.parameters)
                try await self.admin.showPage("/v1/sockets\(query)", of: "sockets", doing: "sockets") { socket in
                    [
                        socket["id"]?.string, socket["namespace"]?.string, socket["user"]?.string ?? "-",
                        socket["transport"]?.string ?? socket["protocol"]?.string,
                        socket["remote"]?["ip"]?.string, socket["connectedAt"]?.string,
                    ].map { $0 ?? "-" }.joined(separator: "  ")
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Everything about one socket.")

        @OptionGroup var admin: AdminOptions

        @Argument(help: "The socket's id.")
        var id: String

        func run() async {
            await reportingFailures {
                let path = "/v1/sockets/\(AdminOptions.escape(self.id))"
                let body = try await self.admin.send("GET", path, scope: .read, doing: "sockets")
                try self.admin.show(body) { root in
                    root.members.map { "\($0.key.padding(to: 14))\($0.value.string ?? $0.value.rawString)" }
                        .joined(separator: "\n")
                }
            }
        }
    }

    struct Disconnect: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes a socket out of its namespace; the client stays away by itself.")

        @OptionGroup var admin: AdminOptions

        @Argument(help: "The socket's id.")
        var id: String

        func run() async { await Sockets.end(self.id, closes: false, self.admin) }
    }

    struct Kick: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Closes a socket's whole connection, with all its namespaces.")

        @OptionGroup var admin: AdminOptions

        @Argument(help: "The socket's id.")
        var id: String

        func run() async { await Sockets.end(self.id, closes: true, self.admin) }
    }

    private static func end(_ id: String, closes: Bool, _ admin: AdminOptions) async {
        await reportingFailures {
            let path = "/v1/sockets/\(AdminOptions.escape(id))\(closes ? "?close=true" : "")"
            _ = try await admin.send("DELETE", path, scope: .admin, doing: "sockets")
        }
    }
}

struct Rooms: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows the rooms of a namespace.", subcommands: [List.self, Show.self])

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All rooms, with how many sockets are in them.")

        @OptionGroup var admin: AdminOptions

        @ArgumentParser.Option(help: "The namespace; / unless named.")
        var namespace: String?

        @OptionGroup var page: PageOptions

        func run() async {
            await reportingFailures {
                let query = AdminOptions.query([("namespace", self.namespace)] + self.page.parameters)
                try await self.admin.showPage("/v1/rooms\(query)", of: "rooms", doing: "rooms") { room in
                    "\((room["name"]?.string ?? "-").padding(to: 32))\(room["sockets"]?.int ?? 0)"
                }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The sockets of a room.")

        @OptionGroup var admin: AdminOptions

        @Argument(help: "The room's name.")
        var room: String

        @ArgumentParser.Option(help: "The namespace; / unless named.")
        var namespace: String?

        @OptionGroup var page: PageOptions

        func run() async {
            await reportingFailures {
                let query = AdminOptions.query([("namespace", self.namespace)] + self.page.parameters)
                let path = "/v1/rooms/\(AdminOptions.escape(self.room))\(query)"
                try await self.admin.showPage(path, of: "members", doing: "rooms") { $0.string ?? "-" }
            }
        }
    }
}

/// Which page of a long list.
struct PageOptions: ParsableArguments {
    @ArgumentParser.Option(help: "Entries of a page.")
    var limit: Int?

    @ArgumentParser.Option(help: "Where the last page ended.")
    var cursor: String?

    var parameters: [(String, String?)] { [("limit", self.limit.map { "\($0)" }), ("cursor", self.cursor)] }
}

import ArgumentParser
import JSONScanner

struct Emit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Sends an event to sockets of the running gateway.",
        discussion: "gatehouse emit --to room:7 --event m '{\"a\":1}'")

    @OptionGroup var admin: AdminOptions

    @ArgumentParser.Option(
        help: ArgumentHelp("room:NAME, user:NAME, socket:ID or all; may be repeated.", valueName: "target"))
    var to: [String] = []

    @ArgumentParser.Option(help: "The event's name.")
    var event: String

    @ArgumentParser.Option(help: "The namespace; / unless named.")
    var namespace: String?

    @Flag(help: "Clients that cannot take it at once miss it.")
    var volatile = false

    @Argument(help: "The event's arguments, each as JSON.")
    var arguments: [String] = []

    func run() async {
        await reportingFailures {
            let body = try await self.admin.send("POST", "/v1/emit", json: self.body(), scope: .emit, doing: "emit")
            try self.admin.show(body) { "sent to \($0["recipients"]?.int ?? 0) sockets" }
        }
    }

    private func body() throws -> [UInt8] {
        var rooms: [String] = []
        var users: [String] = []
        var sockets: [String] = []
        var all = false
        for target in self.to {
            let parts = target.split(separator: ":", maxSplits: 1).map(String.init)
            switch (parts.first, parts.count) {
            case ("all", 1): all = true
            case ("room", 2): rooms.append(parts[1])
            case ("user", 2): users.append(parts[1])
            case ("socket", 2): sockets.append(parts[1])
            default:
                throw CommandFailure(
                    64, "emit: --to \"\(target)\" names nobody (write room:NAME, user:NAME, socket:ID or all)")
            }
        }
        guard !self.to.isEmpty else {
            throw CommandFailure(64, "emit: nobody to send to (write --to room:NAME, user:NAME, socket:ID or all)")
        }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("to")
        writer.beginObject()
        for (name, values) in [("rooms", rooms), ("users", users), ("sockets", sockets)] where !values.isEmpty {
            writer.key(name)
            writer.beginArray()
            for value in values { writer.value(value) }
            writer.endArray()
        }
        if all { writer.member("all", true) }
        if let namespace { writer.member("namespace", namespace) }
        writer.endObject()
        writer.member("event", self.event)
        writer.key("args")
        writer.beginArray()
        for (index, argument) in self.arguments.enumerated() {
            guard (try? JSONDocument(argument)) != nil else {
                throw CommandFailure(
                    64, "emit: argument \(index + 1) is not JSON (a string needs its quotes: '\"text\"')")
            }
            writer.raw(argument.utf8)
        }
        writer.endArray()
        if self.volatile { writer.member("volatile", true) }
        writer.endObject()
        return writer.bytes
    }
}

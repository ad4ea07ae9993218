import ArgumentParser

/// The command line.
///
/// Exit codes follow sysexits: 0, 1 failure, 64 usage, 69 unavailable, 75 temporary, 78 configuration.
@main
struct Gatehouse: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "gatehouse",
        abstract: "A realtime gateway: Socket.IO clients in front, your application behind, in any language.",
        subcommands: [
            Run.self, Check.self, Config.self, Reload.self, Drain.self, Status.self, Health.self, Sockets.self,
            Rooms.self,
            Emit.self, DeadLetters.self, OutboxCommand.self, RouteCommand.self, Bench.self, Version.self,
        ]
    )

    static func main() async {
        do {
            var command = try Self.parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            let code = Self.exitCode(for: error)
            // Help and the like are what was asked for: they go to standard output, and wait for their reader.
            guard code != .success else { Self.exit(withError: error) }
            LastWords.exit(code.rawValue, saying: Self.fullMessage(for: error) + "\n")
        }
    }
}

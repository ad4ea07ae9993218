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
}

import ArgumentParser

/// The command line.
///
/// Exit codes follow sysexits: 0, 1 failure, 64 usage, 78 configuration.
@main
struct Gatehouse: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "gatehouse",
        abstract: "A realtime gateway: Socket.IO clients in front, your application behind, in any language.",
        subcommands: [Run.self, Check.self, Config.self, Bench.self, Version.self]
    )
}

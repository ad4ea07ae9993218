import ArgumentParser
import Configuration
import Foundation

/// Where the configuration comes from: the same options for every command that reads it.
struct ConfigurationOptions: ParsableArguments {
    @ArgumentParser.Option(
        name: [.customShort("c"), .customLong("config")],
        help: "The configuration file. Without it the built-in defaults are used.")
    var file: String?

    @ArgumentParser.Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("Overrides one option, such as limits.maxConnections=1000.", valueName: "a.b=c"))
    var overrides: [String] = []

    /// The configuration, or the end of the process with exit code 78 and one line per error.
    func load() throws -> GatewayConfiguration {
        let environment = ProcessInfo.processInfo.environment
        let file = self.file ?? environment["GATEHOUSE_CONFIG"]
        var bytes = Array(ConfigurationLoader.embedded.utf8)
        if let file {
            guard let data = FileManager.default.contents(atPath: file) else {
                throw CommandFailure(
                    78,
                    "cannot read \(file): no such file, or no permission (give the path of the configuration with -c)")
            }
            bytes = Array(data)
        }
        let path = file.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
        switch ConfigurationLoader.load(
            file: file, bytes: bytes, directory: path ?? FileManager.default.currentDirectoryPath,
            environment: environment, overrides: self.overrides)
        {
        case .success(let configuration): return configuration
        case .failure(let errors): throw CommandFailure(78, lines: errors.all.map { "\($0)" })
        }
    }
}

/// Ends the command: lines for standard error, and the exit code.
struct CommandFailure: Error {
    let code: Int32
    let lines: [String]

    init(_ code: Int32, _ message: String) {
        self.code = code
        self.lines = ["gatehouse: \(message)"]
    }

    init(_ code: Int32, lines: [String]) {
        self.code = code
        self.lines = lines
    }

    /// Prints the lines and ends the process.
    func exit() -> Never {
        LastWords.exit(self.code, saying: self.lines.map { $0 + "\n" }.joined())
    }
}

/// Runs a command's body, and ends the process with the right code when it fails.
func reportingFailures<Result>(_ body: () async throws -> Result) async -> Result {
    do {
        return try await body()
    } catch let failure as CommandFailure {
        failure.exit()
    } catch {
        CommandFailure(1, "\(error)").exit()
    }
}

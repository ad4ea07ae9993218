import ArgumentParser
import Configuration

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validates the configuration: exit code 0, or 78 with one line per error.")

    @OptionGroup var options: ConfigurationOptions

    func run() async {
        await reportingFailures {
            let configuration = try self.options.load()
            let name = self.options.file ?? "built-in defaults"
            print("\(name): ok (\(configuration.endpoints.count) endpoints, \(configuration.routes.count) routes, \(configuration.handlers.count) handlers)")
        }
    }
}

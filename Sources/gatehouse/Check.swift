import ArgumentParser
import Configuration
import JSONScanner

struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validates the configuration: exit code 0, or 78 with one line per error.")

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "As JSON.")
    var json = false

    func run() async {
        await reportingFailures {
            let name = self.options.file ?? ConfigurationLoader.embeddedName
            do {
                let configuration = try self.options.load()
                guard !self.json else { return print(Self.report(errors: [])) }
                print(
                    "\(name): ok (\(configuration.endpoints.count) endpoints, \(configuration.routes.count) routes, "
                        + "\(configuration.handlers.count) handlers)")
            } catch let failure as CommandFailure where self.json {
                print(Self.report(errors: failure.lines))
                throw CommandFailure(failure.code, lines: [])
            }
        }
    }

    private static func report(errors: [String]) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("ok", errors.isEmpty)
        writer.key("errors")
        writer.beginArray()
        for error in errors { writer.value(error) }
        writer.endArray()
        writer.endObject()
        return writer.string
    }
}

import ArgumentParser
import Configuration

struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prints the configuration's options, generated from one table.",
        subcommands: [Default.self, Schema.self, Docs.self, Show.self])

    struct Default: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Every option at its default, as JSON.")
        func run() { print(Options.defaultDocument(), terminator: "") }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The JSON Schema of the configuration.")
        func run() { print(Options.schema(), terminator: "") }
    }

    struct Docs: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "All options with their meaning, as Markdown.")
        func run() { print(Options.markdown(), terminator: "") }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The configuration as it is in force, with secrets left out.")
        @OptionGroup var options: ConfigurationOptions
        func run() async {
            await reportingFailures { print(try self.options.load().show()) }
        }
    }
}

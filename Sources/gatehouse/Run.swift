import ArgumentParser
import Configuration
import Foundation
import Gateway

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serves until it is told to stop.",
        discussion: """
            SIGTERM drains: not ready for drain.delay, then clients are closed evenly over drain.window, both only as long \
            as somebody is connected. SIGINT closes all at once. A second signal waits for no client any more. SIGHUP \
            reads the configuration again.
            """)

    @OptionGroup var options: ConfigurationOptions

    func run() async {
        await reportingFailures {
            let options = self.options
            let configuration = try options.load()
            // A peer that goes away is an error of a write, not the end of the process; and so is a closed log.
            signal(SIGPIPE, SIG_IGN)
            // A file that may not grow is an error of a write too.
            signal(SIGXFSZ, SIG_IGN)
            let environment = Gateway.Environment(
                variables: ProcessInfo.processInfo.environment, pid: ProcessInfo.processInfo.processIdentifier)
            let gateway = Gateway(configuration, version: Gatehouse.version, environment: environment) {
                do {
                    return .success(try options.load())
                } catch {
                    return .failure(ReloadProblem((error as? CommandFailure)?.lines ?? ["\(error)"]))
                }
            }
            do {
                try await gateway.run()
            } catch let error as StartupError {
                throw CommandFailure(1, error.description)
            }
        }
    }
}

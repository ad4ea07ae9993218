import ArgumentParser
import Configuration
import Foundation
import Gateway
import Logging
import ServiceLifecycle

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serves until it is told to stop (SIGTERM, SIGINT).")

    @OptionGroup var options: ConfigurationOptions

    func run() async {
        await reportingFailures {
            let configuration = try self.options.load()
            // A peer that goes away is an error of a write, not the end of the process; and so is a closed log.
            signal(SIGPIPE, SIG_IGN)
            let gateway = Gateway(configuration, version: Gatehouse.version)
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: gateway, failureTerminationBehavior: .cancelGroup)],
                    gracefulShutdownSignals: [.sigterm, .sigint],
                    logger: Logger(label: "gatehouse.services") { _ in SwiftLogNoOpLogHandler() }))
            do {
                try await group.run()
            } catch let error as StartupError {
                throw CommandFailure(1, error.description)
            }
        }
    }
}

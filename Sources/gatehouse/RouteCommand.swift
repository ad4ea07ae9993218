import ArgumentParser
import Configuration
import JSONScanner
import Routing

struct RouteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "route", abstract: "Explains the routes of a configuration.", subcommands: [Test.self])

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints which route takes an event, and why the ones before it do not; exit code 1: none does.")

        @OptionGroup var options: ConfigurationOptions

        @ArgumentParser.Option(help: "The event's name.")
        var event: String?

        @ArgumentParser.Option(help: "The namespace.")
        var namespace = "/"

        @ArgumentParser.Option(help: "The type, such as socket.connect; socket.event unless named.")
        var type = EventType.event.rawValue

        @Flag(help: "As JSON.")
        var json = false

        func run() async {
            await reportingFailures {
                guard let type = EventType(rawValue: self.type) else {
                    let known = EventType.allCases.map(\.rawValue).joined(separator: ", ")
                    throw CommandFailure(64, "route test: unknown type \"\(self.type)\" (known: \(known))")
                }
                guard (type == .event) == (self.event != nil) else {
                    throw CommandFailure(
                        64, "route test: only socket.event has an event name (write --event NAME, or another --type)")
                }
                let routes = try self.options.load().routes
                let verdicts = RouteTable(routes.map { ($0.match, $0.name) })
                    .explain(type: type, namespace: self.namespace, event: self.event)
                let chosen = verdicts.first { $0.mismatch == nil }?.index
                print(self.json ? Self.report(routes, verdicts, chosen) : Self.text(routes, verdicts, chosen))
                if chosen == nil { throw CommandFailure(1, lines: []) }
            }
        }

        private typealias Verdict = (index: Int, mismatch: RouteMatch.Mismatch?)

        private static func text(
            _ routes: [GatewayConfiguration.Route], _ verdicts: [Verdict], _ chosen: Int?
        ) -> String {
            var lines: [String] = []
            for (index, mismatch) in verdicts.prefix(chosen ?? verdicts.count) {
                lines.append("  \(routes[index].name): no, \(mismatch.map(Self.reason) ?? "")")
            }
            if let chosen {
                let route = routes[chosen]
                lines.append("\(route.name): \(route.handler.map { "handler \($0)" } ?? "actions of its own")")
                if route.require != nil { lines.append("  if the socket meets what the route requires") }
            } else {
                lines.append("no route: the event is dropped and counted")
            }
            return lines.joined(separator: "\n")
        }

        private static func reason(_ mismatch: RouteMatch.Mismatch) -> String {
            switch mismatch {
            case .type: "it is for other types"
            case .namespace: "it is for other namespaces"
            case .event: "it is for other events"
            case .eventWithoutName: "it is for events with a name"
            }
        }

        private static func report(
            _ routes: [GatewayConfiguration.Route], _ verdicts: [Verdict], _ chosen: Int?
        ) -> String {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("route")
            if let chosen { writer.value(routes[chosen].name) } else { writer.null() }
            if let handler = chosen.flatMap({ routes[$0].handler }) { writer.member("handler", handler) }
            writer.key("skipped")
            writer.beginArray()
            for (index, mismatch) in verdicts.prefix(chosen ?? verdicts.count) {
                writer.beginObject()
                writer.member("route", routes[index].name)
                writer.member("reason", mismatch.map(Self.reason) ?? "")
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
            return writer.string
        }
    }
}

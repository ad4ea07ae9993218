import HTTP1
import NIOCore
import PlainEvents

/// A path for streams of server-sent events, as `EventSource` reads them.
///
/// HTML standard, section 9.2, "Server-sent events".
final class EventStreamEndpoint: PlainEndpoint {
    override func handle(_ exchange: HTTPExchange) {
        let head = exchange.head
        guard self.admits(exchange) else { return self.refuseOrigin(exchange) }
        if self.answersPreflight(exchange) { return }
        guard head.method == .get else { return self.refuseMethod(exchange, allowed: "GET") }
        guard Self.accepts(head.headers.values(of: "accept")) else { return self.respond(exchange, HTTPResponse(406)) }
        let lastID = Self.lastEventID(of: head)
        // The only answer after which a browser does not come back by itself.
        guard lastID != ServerSentEvent.farewellID else { return self.respond(exchange, HTTPResponse(204)) }
        guard self.admitsSession(exchange) else { return }
        let client = EventStreamClient(endpoint: self, handshake: self.handshakeInfo(exchange), lastEventID: lastID)
        client.enter(by: exchange)
    }

    /// Whether a client that says so takes a stream of events.
    static func accepts(_ fields: [String]) -> Bool {
        guard !fields.isEmpty else { return true }
        return fields.contains { field in
            field.split(separator: ",").contains { range in
                let type = range.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased()
                return type == "text/event-stream" || type == "text/*" || type == "*/*"
            }
        }
    }

    /// What the client has seen last: as a browser says it that comes back by itself, or as a page asks for it at first.
    private static func lastEventID(of head: RequestHead) -> String? {
        if let id = head.headers.first("last-event-id"), !id.isEmpty { return id }
        let id = head.query.first { $0.key == "lastEventId" }?.value
        return id?.isEmpty == false ? id : nil
    }

    /// Answers that the stream begins; `nil` when the connection is gone.
    func begin(_ exchange: HTTPExchange) -> Connection? {
        let fields =
            [
                ("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-store"),
                ("x-accel-buffering", "no"),
            ] + self.crossOriginFields(exchange.head.headers.first("origin")).map { ($0.name, $0.value) }
        let version = exchange.head.version
        guard let (connection, _) = exchange.takeConnection() else { return nil }
        var isWritten = false
        connection.send { buffer in
            // Ends with the connection: in chunks every receiver would need a buffer of its own around an event.
            isWritten =
                (try? ResponseHead.write(
                    status: 200, headers: fields, body: .unmarked, keepAlive: false, version: version, into: &buffer))
                != nil
        }
        guard isWritten else {
            connection.close(.protocolError)
            return nil
        }
        self.counters.countRequest(.get, status: 200)
        return connection
    }
}

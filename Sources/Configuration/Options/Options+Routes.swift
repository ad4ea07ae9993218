extension Options {
    /// The rules.
    static let routes: [Option] = [
        Option(
            "routes", .sections(variant: nil, shorthand: nil, atLeast: 0), "[]",
            "Which events go where; the first that matches wins."),
        Option(
            "routes[].name", .text(.label), fallback: .numbered(prefix: "route-"),
            "Label in logs, metrics and requests."),
        Option(
            "routes[].match", .routing(.match), "{}",
            "Patterns of `type`, `namespace` and `event`, each a string or a list, with `*` as a wildcard."),
        Option(
            "routes[].require", .routing(.require), "null",
            "What `user`, `claims` and `inRoom` have to be; others get the ack error `forbidden`."),
        Option("routes[].handler", .text(.handlerName), "null", "The handler that gets the events."),
        Option(
            "routes[].mode", .choice("request", "atLeastOnce", "atMostOnce", of: "modes"),
            #""request""#,
            "What the client's ack means."),
        Option(
            "routes[].orderBy", .text(.lane), #""socket""#,
            "Events that wait for each other: `socket`, `user`, `room:<path>` or `none`."),
        Option("routes[].timeout", .duration, "null", "Of one call; null: the handler's."),
        Option("routes[].idempotent", .bool, "false", "Whether the handler may get an event twice."),
        Option(
            "routes[].dedupe", .text(.template), "null",
            "The client's own id of an event, such as `{args.0.id}`: repeats are answered, not handled."),
        Option(
            "routes[].batch", .section, "null",
            "Sends several events in one request, with the modes `atLeastOnce` and `atMostOnce`."),
        Option(
            "routes[].batch.max", .integer(1...1_000), "100",
            "Events in one request, which also ends at 1 MiB: a backend takes that much of one event, too."),
        Option(
            "routes[].batch.linger", .duration, #""5ms""#,
            "How long a request waits for more events: less than anybody notices, and enough for a burst."),
        Option(
            "routes[].disconnected", .choice("immediate", of: "values"), "null",
            "`immediate`: do not wait for the recovery window."),
        Option("routes[].actions", .routing(.actions), "[]", "What is done without a handler."),
        Option(
            "routes[].ack", .routing(.ack), "null",
            "What a client that asked for an ack gets, without a handler or when its event is stored or accepted."),
    ]
}

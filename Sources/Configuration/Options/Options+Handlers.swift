extension Options {
    /// The backends.
    static let handlers: [Option] = [
        Option("handlers", .namedSections(variant: "type"), "{}", "The backends that events go to, by name."),
        Option(
            "handlers.*.type",
            .choice("http", unavailable: ["rabbitmq", "nats", "redis", "kafka", "process"], of: "handlers"),
            fallback: .required(example: #""http""#), "How the backend is reached."),
        Option(
            "handlers.*.url", .text(.url), fallback: .required(example: #""http://127.0.0.1:3000/events""#),
            of: ["http", "rabbitmq", "nats", "redis"], "Where the backend is."),
        Option("handlers.*.timeout", .duration, #""5s""#, "Of one call; a person waits no longer for an answer."),
        Option(
            "handlers.*.concurrency", .count, "64",
            "Calls in flight at the same time, so that a slow backend is not given more than it can do."),
        Option(
            "handlers.*.signingKeys", .list(.text(.signingKey)), "[]", of: ["http"], secret: true,
            "Standard Webhooks keys (`whsec_…`), newest first; empty: requests are not signed."),
        Option(
            "handlers.*.forwardHeaders", .list(.text(.token)), "[]", of: ["http"],
            "Request headers of the client that the backend may see."),
        Option("handlers.*.tls", .section, "{}", of: ["http"], "How the backend's certificate is verified."),
        Option(
            "handlers.*.tls.ca", .text(.file), "null", of: ["http"],
            "PEM file of the authorities to trust; null: the system's."),
        Option(
            "handlers.*.dialect", .choice("cloudevents", of: "dialects"), "null", of: ["http"],
            availability: .unavailable, "Another envelope than the gateway's own."),
        Option(
            "handlers.*.maxAttempts", .count, "16",
            "Attempts of an `atLeastOnce` event before it is a dead letter: with their pauses, up to nine minutes of an outage."
        ),
        Option(
            "handlers.*.maxAge", .duration, #""24h""#,
            "Age of an `atLeastOnce` event at which it is a dead letter: by then somebody has seen the alert."),
        Option(
            "handlers.*.exchange", .text(.any), fallback: .required(example: #""rt""#), of: ["rabbitmq"],
            "Exchange that events are published to."),
        Option(
            "handlers.*.routingKey", .text(.template), fallback: .required(example: #""{namespace}.{event}""#),
            of: ["rabbitmq"], "Routing key, a template."),
        Option(
            "handlers.*.subject", .text(.template), fallback: .required(example: #""rt.{event}""#), of: ["nats"],
            "Subject, a template."),
        Option(
            "handlers.*.stream", .text(.any), fallback: .required(example: #""rt""#), of: ["redis"],
            "Stream that events are appended to."),
        Option(
            "handlers.*.brokers", .list(.text(.any), atLeast: 1), fallback: .required(example: #"["k1:9092"]"#),
            of: ["kafka"], "Where the cluster is."),
        Option(
            "handlers.*.topic", .text(.any), fallback: .required(example: #""orders""#), of: ["kafka"],
            "Topic that events are produced to."),
        Option(
            "handlers.*.command", .list(.text(.any), atLeast: 1),
            fallback: .required(example: #"["/usr/bin/python3","ai.py"]"#), of: ["process"], "Program and arguments."),
        Option("handlers.*.instances", .count, "1", of: ["process"], "Processes that run at the same time."),
    ]
}

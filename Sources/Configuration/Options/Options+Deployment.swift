extension Options {
    /// Who and where this gateway is.
    static let deployment: [Option] = [
        Option("node", .section, "{}", "This process among its peers."),
        Option(
            "node.id", .text(.label), "\"${env:HOSTNAME}\"",
            "Names the node in events, logs and metrics; where `HOSTNAME` is not set, the system's host name."),

        Option(
            "listeners", .sections(variant: nil, shorthand: nil, atLeast: 1), #"[{"address":"127.0.0.1:8080"}]"#,
            "The sockets that clients connect to."),
        Option("listeners[].name", .text(.label), fallback: .same(as: "address"), "Label in logs and metrics."),
        Option(
            "listeners[].address", .text(.address), fallback: .required(example: #""127.0.0.1:8080""#),
            "Host and port, `[::1]:8080` for IPv6, or `unix:PATH`."),
        Option(
            "listeners[].health", .text(.requestPath), "null",
            "Path that answers health checks on this listener, such as `/healthz`."),
        Option(
            "listeners[].tls", .section, "null",
            "Certificate and key; without it the listener speaks plain HTTP."),
        Option(
            "listeners[].tls.certificate", .text(.file), fallback: .required(example: #""tls.crt""#),
            "PEM file of the certificate chain."),
        Option(
            "listeners[].tls.key", .text(.file), fallback: .required(example: #""tls.key""#),
            "PEM file of the private key."),
        Option(
            "listeners[].tls.minimumVersion", .choice("1.2", "1.3", of: "TLS versions"), #""1.2""#,
            "Oldest TLS version that is accepted."),
        Option(
            "listeners[].tls.clientCA", .text(.file), "null",
            "PEM file of the authorities of client certificates; null: clients are not asked for one."),
        Option(
            "listeners[].tls.clientCertificates", .choice("required", "optional", of: "client certificates"),
            #""required""#, "Whether a client has to show one; of effect only with `clientCA`."),
        Option(
            "listeners[].tls.ticketKeys", .text(.file), "null", "Session ticket keys that several nodes share."),
        Option(
            "listeners[].tls.certificates", .sections(variant: nil, shorthand: nil, atLeast: 0), "[]",
            "Further certificates, chosen by server name."),
        Option(
            "listeners[].tls.certificates[].names", .list(.text(.any), atLeast: 1),
            fallback: .required(example: #"["*.example.com"]"#), "Server names it serves."),
        Option(
            "listeners[].tls.certificates[].certificate", .text(.file), fallback: .required(example: #""w.crt""#),
            "PEM file of the certificate chain."),
        Option(
            "listeners[].tls.certificates[].key", .text(.file), fallback: .required(example: #""w.key""#),
            "PEM file of the private key."),
        Option(
            "listeners[].trustedProxies", .list(.text(.addressRange)), "[]",
            "Networks, such as `10.0.0.0/8`, whose `clientAddressHeader` is believed."),
        Option(
            "listeners[].clientAddressHeader", .text(.token), #""x-forwarded-for""#,
            "Header in which a trusted proxy names the client."),
        Option(
            "listeners[].proxyProtocol", .choice("off", "v1", "v2", of: "PROXY protocol versions"), #""off""#,
            "Whether connections begin with a PROXY protocol header."),

        Option(
            "admin", .section, "{}", nullable: true,
            "The listener for operators: health, metrics, admin API; null turns it off."),
        Option(
            "admin.address", .text(.address), #""127.0.0.1:9090""#,
            "As of a listener; wider than loopback only together with keys."),
        Option(
            "admin.keys", .sections(variant: nil, shorthand: nil, atLeast: 0), "[]",
            "Who may use the admin API with `Authorization: Bearer`; empty: everyone who can reach the address."),
        Option("admin.keys[].name", .text(.label), fallback: .required(example: #""ops""#), "Names the key in logs."),
        Option(
            "admin.keys[].secret", .text(.any), fallback: .required(example: #""${file:/run/secrets/admin}""#),
            secret: true,
            "The bearer token."),
        Option(
            "admin.keys[].scopes", .list(.choice("read", "emit", "admin", of: "scopes"), atLeast: 1), #"["admin"]"#,
            "What the key may do: `read`, `emit`, `admin`; `admin` includes the others."),

        Option(
            "origins", .list(.text(.origin)), "[]",
            "Browser origins that may connect: `https://app.example.com`, `https://*.example.com` (one label), "
                + "`http://localhost:*` (any port), or `*` (any). Empty: pages from the gateway's own host only."),
    ]
}

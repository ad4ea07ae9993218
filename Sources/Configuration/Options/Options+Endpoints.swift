extension Options {
    private static let socketIO = ["socket.io"]
    private static let engineIO = ["socket.io", "engine.io"]
    /// Those that WebSockets can reach.
    private static let webSocket = engineIO + ["websocket"]
    private static let plain = ["websocket", "sse", "longpoll"]
    private static let oneNamespace = ["engine.io"] + plain
    private static let clients = engineIO + plain
    private static let authenticated = socketIO + plain

    /// The paths on the public listeners.
    ///
    /// Names and defaults of Socket.IO's server options are kept to the letter.
    static let endpoints: [Option] = [
        Option(
            "endpoints", .sections(variant: "protocol", shorthand: nil, atLeast: 1),
            #"[{"path":"/socket.io/","protocol":"socket.io"}]"#, "The paths on the listeners, and what they speak."),
        Option("endpoints[].name", .text(.label), fallback: .same(as: "path"), "Label in logs and metrics."),
        Option(
            "endpoints[].path", .text(.requestPath), fallback: .required(example: #""/socket.io/""#),
            "Path of the requests that belong to this endpoint."),
        Option(
            "endpoints[].protocol",
            .choice(
                "socket.io", "engine.io", "websocket", "sse", "longpoll", "static", of: "endpoints"),
            fallback: .required(example: #""socket.io""#), "What is spoken on the path."),
        Option(
            "endpoints[].transports",
            .list(.choice("polling", "websocket", unavailable: ["webtransport"], of: "transports"), atLeast: 1),
            #"["polling","websocket"]"#, of: engineIO, "Transports that a client may use."),
        Option(
            "endpoints[].pingInterval", .duration, #""25s""#, of: engineIO + ["websocket", "sse"],
            "Time between two pings of the server; between two comments on a stream of events."),
        Option(
            "endpoints[].pingTimeout", .duration, #""20s""#, of: engineIO + ["websocket"],
            "Time after which a ping without an answer closes the connection."),
        Option(
            "endpoints[].upgradeTimeout", .duration, #""10s""#, of: engineIO,
            "Time after which an unfinished upgrade to WebSocket is given up; it is two round trips, and polling goes on."
        ),
        Option(
            "endpoints[].connectTimeout", .duration, #""45s""#, of: socketIO,
            "Time after which a client that joined no namespace is closed: as long as a ping and its answer may take."),
        Option(
            "endpoints[].maxHttpBufferSize", .size(1...Int(Int32.max)), #""1MB""#, of: engineIO,
            "Largest message or request body, which has to be in memory whole."),
        Option(
            "endpoints[].allowUpgrades", .bool, "true", of: engineIO,
            "Whether a client may upgrade from polling to WebSocket."),
        Option(
            "endpoints[].allowEIO3", .bool, "false", of: engineIO,
            "Whether clients of Socket.IO 2 and Engine.IO 3 are served. They are told no socket id but work it out from the id of their session, so the two are the same for them: who learns the one can take over the other while it polls."
        ),
        Option("endpoints[].addTrailingSlash", .bool, "true", of: engineIO, "Whether the path ends with a slash."),
        Option(
            "endpoints[].perMessageDeflate", .section(orBool: true), "false", of: webSocket,
            "Compression of WebSocket messages (RFC 7692) for clients that offer it; true is `{}`."),
        Option(
            "endpoints[].perMessageDeflate.threshold", .size(0...Int(Int32.max)), "1024", of: webSocket,
            "Smallest message, in bytes, that is compressed."),
        Option(
            "endpoints[].perMessageDeflate.serverNoContextTakeover", .bool, "true", of: webSocket,
            "Whether each message is compressed by itself; false costs about 270 KiB per connection."),
        Option(
            "endpoints[].perMessageDeflate.clientNoContextTakeover", .bool, "true", of: webSocket,
            "Whether clients are told to do the same; false costs about 40 KiB per connection."),
        Option(
            "endpoints[].perMessageDeflate.serverMaxWindowBits", .integer(8...15), "15", of: webSocket,
            "How far back compressed messages refer, as a power of two."),
        Option(
            "endpoints[].perMessageDeflate.clientMaxWindowBits", .integer(8...15), "15", of: webSocket,
            "The same for clients that let themselves be told."),
        Option(
            "endpoints[].httpCompression", .section(orBool: true), "{}", of: engineIO,
            "Compression of polling answers; false turns it off."),
        Option(
            "endpoints[].httpCompression.threshold", .size(0...Int(Int32.max)), "1024", of: engineIO,
            "Smallest answer, in bytes, that is compressed."),
        Option(
            "endpoints[].cookie", .section(orBool: true), "false", of: engineIO,
            "Cookie set by the polling handshake, for sticky load balancers; true is `{}`."),
        Option(
            "endpoints[].cookie.name", .text(.token), #""io""#, of: engineIO,
            "Name of the cookie; its value is the session id."),
        Option("endpoints[].cookie.path", .text(.requestPath), #""/""#, of: engineIO, "Attribute `Path`."),
        Option("endpoints[].cookie.domain", .text(.token), "null", of: engineIO, "Attribute `Domain`."),
        Option("endpoints[].cookie.httpOnly", .bool, "true", of: engineIO, "Attribute `HttpOnly`."),
        Option("endpoints[].cookie.secure", .bool, "false", of: engineIO, "Attribute `Secure`."),
        Option(
            "endpoints[].cookie.sameSite", .choice("strict", "lax", "none", of: "SameSite values"), #""lax""#,
            of: engineIO, "Attribute `SameSite`."),
        Option(
            "endpoints[].cookie.maxAge", .duration(atLeast: .zero), "null", of: engineIO,
            "Attribute `Max-Age`; null: until the browser closes."),
        Option(
            "endpoints[].cors", .section, "null", of: clients,
            "Cross-origin headers of answers, and pages that may connect; null: no headers are sent."),
        Option(
            "endpoints[].cors.origin", .oneOrMore(.origin), #""*""#, of: clients,
            "Origins that may read answers; `*` is any, without credentials."),
        Option(
            "endpoints[].cors.methods", .list(.text(.token), atLeast: 1),
            #"["GET","HEAD","PUT","PATCH","POST","DELETE"]"#, of: clients, "Methods that a preflight allows."),
        Option(
            "endpoints[].cors.allowedHeaders", .list(.text(.token)), "null", of: clients,
            "Request headers that a preflight allows; null: those it asks for."),
        Option(
            "endpoints[].cors.exposedHeaders", .list(.text(.token)), "[]", of: clients,
            "Response headers that a page may read."),
        Option("endpoints[].cors.credentials", .bool, "false", of: clients, "Whether a page may send cookies."),
        Option(
            "endpoints[].cors.maxAge", .duration(atLeast: .zero), "null", of: clients,
            "How long a browser may keep the answer to a preflight."),
        Option(
            "endpoints[].cors.optionsSuccessStatus", .integer(200...299), "204", of: clients,
            "Status of the answer to a preflight."),
        Option(
            "endpoints[].cleanupEmptyChildNamespaces", .bool, "false", of: socketIO,
            "Whether a namespace made from a pattern is removed with its last socket."),
        Option(
            "endpoints[].maxAttachments", .integer(0...1000), "10", of: socketIO,
            "Binary attachments that one packet may have, each of which is waited for."),
        Option(
            "endpoints[].serveClient", .text(.file), "null", of: socketIO,
            "A `socket.io.min.js` file to serve beside the path."),
        Option(
            "endpoints[].connectionStateRecovery", .section, "null", of: socketIO + plain,
            "Gives a client that comes back what it missed."),
        Option(
            "endpoints[].connectionStateRecovery.maxDisconnectionDuration", .duration, #""2m""#, of: socketIO,
            "How long a client may be away."),
        Option(
            "endpoints[].namespaces", .sections(variant: nil, shorthand: "name", atLeast: 1), #"["/"]"#, of: socketIO,
            "The namespaces that exist: names, or objects with options."),
        Option(
            "endpoints[].namespaces[].name", .text(.namespace), "null", of: socketIO,
            "A namespace that exists from the start."),
        Option(
            "endpoints[].namespaces[].pattern", .text(.namespacePattern), "null", of: socketIO,
            "Namespaces that exist on demand, such as `/tenant-{id}`; instead of `name`."),
        Option(
            "endpoints[].namespaces[].max", .count, "1000", of: socketIO,
            "Namespaces that a pattern may make, since clients choose their names."),
        Option(
            "endpoints[].namespaces[].presence", .bool, "false", of: socketIO, availability: .unavailable,
            "Whether rooms report `room.occupied` and `room.vacated`."),
        Option(
            "endpoints[].auth", .section, "null", of: authenticated,
            "What a socket needs to be let in; null: nothing but what routes ask."),
        Option(
            "endpoints[].auth.jwt", .section, "null", of: authenticated,
            "Tokens that are verified here: one of `secret`, `publicKey` or `jwks`."),
        Option("endpoints[].auth.jwt.secret", .text(.any), "null", of: authenticated, secret: true, "Shared secret."),
        Option("endpoints[].auth.jwt.publicKey", .text(.file), "null", of: authenticated, "PEM file."),
        Option(
            "endpoints[].auth.jwt.jwks", .text(.urlOrFile), "null", of: authenticated,
            "File or URL of a key set; `http://` from loopback only."),
        Option(
            "endpoints[].auth.jwt.algorithms",
            .list(
                .choice(
                    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
                    "ES512", "EdDSA", of: "algorithms"), atLeast: 1),
            fallback: .required(example: #"["RS256"]"#), of: authenticated, "Algorithms that are accepted."),
        Option("endpoints[].auth.jwt.audience", .text(.any), "null", of: authenticated, "Required claim `aud`."),
        Option("endpoints[].auth.jwt.issuer", .text(.any), "null", of: authenticated, "Required claim `iss`."),
        Option(
            "endpoints[].auth.jwt.cookie", .text(.token), "null", of: authenticated, "Cookie that may carry the token."),
        Option(
            "endpoints[].auth.jwt.query", .text(.token), "null", of: authenticated,
            "Query parameter that may carry the token; handlers do not see it."),
        Option(
            "endpoints[].auth.certificate", .choice("commonName", "subject", "dns", "email", "uri", of: "names"),
            "null",
            of: authenticated, "The name in a client certificate that is the user, where no token says so."),
        Option(
            "endpoints[].auth.required", .bool, "true", of: authenticated,
            "Whether who has no valid token or certificate is refused; of effect only with `jwt` or `certificate`."),
        Option(
            "endpoints[].auth.refreshBefore", .duration, #""30s""#, of: authenticated,
            "How long before a token expires `socket.refresh` is sent; halfway when less than twice that is left."),
        Option(
            "endpoints[].auth.rooms", .list(.text(.template)), "[]", of: authenticated,
            "Rooms that every accepted socket joins, such as `user:{user}`."),
        Option(
            "endpoints[].maxMessageSize", .size(1...Int(Int32.max)), #""1MB""#, of: ["websocket", "longpoll"],
            "Largest message of a client, which has to be in memory whole; a larger one closes the connection."),
        Option(
            "endpoints[].maxFragments", .integer(1...Int(Int32.max)), "1024", of: ["websocket"],
            "Fragments that a message may have when they are smaller than 64 bytes on average: each costs work."),
        Option(
            "endpoints[].subprotocols", .list(.text(.token)), "[]", of: ["websocket"],
            "Subprotocols that are spoken here, best first: the first that a client offers is chosen."),
        Option(
            "endpoints[].slowConsumer",
            .choice("close", "dropOldest", "latest", of: "slow consumer policies"),
            #""close""#, of: engineIO + ["websocket", "sse"],
            "A client that does not keep up is closed, or loses the oldest events, or all but the latest of a name and room."
        ),
        Option(
            "endpoints[].maxWait", .duration, #""25s""#, of: ["longpoll"],
            "How long a request waits for events, unless it asks for less by `wait`: proxies give up after 30 or 60 s."),
        Option(
            "endpoints[].pollTimeout", .duration, #""45s""#, of: ["longpoll"],
            "Time after which a client without a request is gone; until then what is sent to it is kept."),
        Option(
            "endpoints[].format", .choice("json", of: "formats"), "null", of: ["websocket"],
            "`json`: messages are events; null: raw messages."),
        Option(
            "endpoints[].namespace", .text(.namespace), #""/""#, of: oneNamespace,
            "The namespace that plain clients are in."),
        Option("endpoints[].rooms", .list(.text(.template)), "[]", of: oneNamespace, "Rooms that a client joins."),
        Option(
            "endpoints[].directory", .text(.file), fallback: .required(example: #""demo""#), of: ["static"],
            "Directory whose files are served."),
    ]
}

// swift-tools-version: 6.2
// The table of contents: targets bottom-up, each may import only what stands above it.
import PackageDescription

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let collections: [Target.Dependency] = [
    .product(name: "DequeModule", package: "swift-collections"),
    .product(name: "HeapModule", package: "swift-collections"),
]
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "gatehouse",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "gatehouse", targets: ["gatehouse"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        // zlib of the system, for compressed responses and messages.
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),

        // Pure: bytes in, decisions out. No socket, no clock, no task.
        // Validates and slices JSON without rebuilding it.
        .target(name: "JSONScanner"),
        // RFC 9112: the strict request parser of the public edge, and response heads.
        .target(name: "HTTP1", dependencies: [nio]),
        // RFC 6455: handshake rules, frames, fragments, close codes, UTF-8; RFC 7692: compressed messages.
        .target(name: "WebSocketProtocol", dependencies: [nio, crypto, "CZlib"]),
        // Engine.IO 4: packets, payloads, the session with its two transports and the upgrade between them.
        .target(name: "EngineIO", dependencies: [nio]),
        // Socket.IO 5: packets, attachments, connections per namespace, acks.
        .target(name: "SocketIO", dependencies: [nio, "JSONScanner"]),
        // Events for clients without Socket.IO: JSON messages, server-sent events, cursors of long-polling.
        .target(name: "PlainEvents", dependencies: [nio, "JSONScanner", "EngineIO"] + collections),
        // Who is in which room, whom a target reaches, and what a client that was away has missed.
        .target(name: "Bus", dependencies: [nio] + collections),
        // Actions, templates, and which route an event takes.
        .target(name: "Routing", dependencies: [nio, "JSONScanner", "Bus"]),
        // What is said to a backend and what it may answer: envelope, signature, retries, lanes, breaker.
        .target(name: "HandlerContract", dependencies: [nio, crypto, "JSONScanner", "Bus", "Routing"]),
        // The JSON document: one table of options, strict errors with positions.
        .target(name: "Configuration", dependencies: ["JSONScanner", "Bus", "Routing"]),

        // OpenSSL 3 of the system: patched with it.
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        // The server's side of TLS without a socket: bytes in, bytes out.
        .target(
            name: "OpenSSLTLS", dependencies: [nio, "COpenSSL"],
            swiftSettings: [.enableUpcomingFeature("InternalImportsByDefault")]),

        // The C library's allocator: what it keeps, and when it gives it back.
        .systemLibrary(name: "CMalloc"),

        // The kernel's io_uring: many sends with one call.
        .systemLibrary(name: "CIOUring"),

        // Tokens: where they are found, whether they are genuine, what they say.
        .target(
            name: "Identity",
            dependencies: ["JSONScanner", crypto, .product(name: "CryptoExtras", package: "swift-crypto")]),
        // Who a client really is behind proxies, and how much one address may do.
        .target(name: "ClientAddress"),

        // SQLite of the system: patched with it.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        // Events that are stored until their handler took them: the file, and which of them are in memory.
        .target(
            name: "Outbox", dependencies: ["CSQLite", "CZlib", "Bus"],
            swiftSettings: [.enableUpcomingFeature("InternalImportsByDefault")]),

        // The kernel's interface of event loops.
        .systemLibrary(name: "CEpoll"),
        // The loops of the client edge: sockets are told of, timers and tasks run; an `EventLoop` of NIO without channels.
        .target(
            name: "EpollLoop",
            dependencies: [nio, "CEpoll", .product(name: "HeapModule", package: "swift-collections")],
            swiftSettings: [.enableUpcomingFeature("InternalImportsByDefault")]),

        // Everything that owns a socket, a clock, a task or a file. `Gateway.swift` is the assembly.
        .target(
            name: "Gateway",
            dependencies: [
                nio, crypto, "CZlib", "CMalloc", "CIOUring",
                .product(name: "DequeModule", package: "swift-collections"),
                "JSONScanner", "HTTP1", "WebSocketProtocol", "EngineIO", "SocketIO", "PlainEvents",
                "Bus", "Routing", "HandlerContract", "Configuration", "OpenSSLTLS", "ClientAddress", "Identity",
                "Outbox", "CEpoll", "EpollLoop",
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                // For requests to backends: types that the HTTP client's interface is made of.
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                // Its dependency swift-configuration has a module of the same name as ours.
                .product(
                    name: "AsyncHTTPClient", package: "async-http-client",
                    moduleAliases: ["Configuration": "SwiftConfiguration"]),
            ],
            swiftSettings: [.enableUpcomingFeature("InternalImportsByDefault")]
        ),
        // Clients by the thousand, for `gatehouse bench`: nothing of the gateway that it may measure, but the frames.
        .target(
            name: "LoadGenerator", dependencies: ["JSONScanner", "WebSocketProtocol", "COpenSSL", "CEpoll"],
            swiftSettings: [.enableUpcomingFeature("InternalImportsByDefault")]),

        // The command.
        .executableTarget(
            name: "gatehouse",
            dependencies: [
                "Gateway", "Configuration", "JSONScanner", "Routing", "LoadGenerator",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),

        // For simulators and fuzz tests of several targets.
        .target(name: "Randomness", path: "Tests/Randomness"),
        .testTarget(name: "JSONScannerTests", dependencies: ["Randomness", "JSONScanner"]),
        .testTarget(name: "HTTP1Tests", dependencies: ["Randomness", "HTTP1", nio]),
        .testTarget(name: "WebSocketProtocolTests", dependencies: ["Randomness", "WebSocketProtocol", "CZlib", nio]),
        .testTarget(name: "EngineIOTests", dependencies: ["Randomness", "EngineIO", nio]),
        .testTarget(name: "SocketIOTests", dependencies: ["Randomness", "SocketIO", "JSONScanner", nio]),
        .testTarget(name: "PlainEventsTests", dependencies: ["Randomness", "PlainEvents", "JSONScanner", nio]),
        .testTarget(name: "BusTests", dependencies: ["Randomness", "Bus", nio]),
        .testTarget(name: "RoutingTests", dependencies: ["Randomness", "Routing", "Bus", "JSONScanner", nio]),
        .testTarget(
            name: "HandlerContractTests",
            dependencies: ["Randomness", "HandlerContract", "Routing", "JSONScanner", nio]),
        .testTarget(name: "ConfigurationTests", dependencies: ["Configuration", "Routing", "JSONScanner"]),
        .testTarget(
            name: "IdentityTests",
            dependencies: [
                "Randomness", "Identity", "JSONScanner", crypto,
                .product(name: "CryptoExtras", package: "swift-crypto"),
            ]),
        .testTarget(name: "LoadGeneratorTests", dependencies: ["LoadGenerator", "WebSocketProtocol"]),
        .testTarget(name: "ClientAddressTests", dependencies: ["Randomness", "ClientAddress"]),
        .testTarget(name: "OpenSSLTLSTests", dependencies: ["Randomness", "OpenSSLTLS", "COpenSSL", nio]),
        .testTarget(name: "OutboxTests", dependencies: ["Outbox", "CSQLite"]),
        .testTarget(name: "EpollLoopTests", dependencies: ["Randomness", "EpollLoop", nio]),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Randomness", "Gateway", "EpollLoop", "Configuration", "HandlerContract", "Routing", "Outbox", "CZlib",
                nio,
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "Logging", package: "swift-log"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)

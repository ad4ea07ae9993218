extension BrokenDocument {
    /// What a later version will have, and what belongs to another protocol.
    static let availability = read(
        #"""
        # rabbitmq
        {"handlers":{"x":{"type":"rabbitmq","whatever":1}}}
        > gateway.json:1:26 /handlers/x/type: "rabbitmq" handlers are not available in this version (available: http)
        # nats
        {"handlers":{"x":{"type":"nats","whatever":1}}}
        > gateway.json:1:26 /handlers/x/type: "nats" handlers are not available in this version (available: http)
        # redis
        {"handlers":{"x":{"type":"redis","whatever":1}}}
        > gateway.json:1:26 /handlers/x/type: "redis" handlers are not available in this version (available: http)
        # kafka
        {"handlers":{"x":{"type":"kafka","whatever":1}}}
        > gateway.json:1:26 /handlers/x/type: "kafka" handlers are not available in this version (available: http)
        # process
        {"handlers":{"x":{"type":"process","whatever":1}}}
        > gateway.json:1:26 /handlers/x/type: "process" handlers are not available in this version (available: http)
        # webtransport
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","transports": ["polling","webtransport"]}]}
        > gateway.json:1:85 /endpoints/0/transports/1: "webtransport" transports are not available in this version (available: polling, websocket)
        # bus
        {"bus":{"type":"redis"}}
        > gateway.json:1:16 /bus/type: "redis" bus engines are not available in this version (available: memory)
        # tracing
        {"tracing":{"endpoint":"http://127.0.0.1:4318"}}
        > gateway.json:1:24 /tracing/endpoint: "endpoint" is not available in this version (leave it at null)
        # dialect
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/","dialect":"cloudevents"}}}
        > gateway.json:1:76 /handlers/app/dialect: "dialect" is not available in this version (leave it at null)
        # presence
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","namespaces": [{"name":"/","presence": true}]}]}
        > gateway.json:1:99 /endpoints/0/namespaces/0/presence: "presence" is not available in this version (leave it at false)
        # directory on socket.io
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","directory": "x"}]}
        > gateway.json:1:60 /endpoints/0/directory: "directory" does not belong to "socket.io", only to "static"
        # ping on static
        {"endpoints":[{"path":"/","protocol":"static","directory":"x","pingInterval":"1s"}]}
        > gateway.json:1:63 /endpoints/0/pingInterval: "pingInterval" does not belong to "static", only to "socket.io", "engine.io", "websocket", "sse"
        # connectTimeout on engine.io
        {"endpoints":[{"path":"/engine.io/","protocol":"engine.io","connectTimeout":"1s"}]}
        > gateway.json:1:60 /endpoints/0/connectTimeout: "connectTimeout" does not belong to "engine.io", only to "socket.io"
        """#)
}

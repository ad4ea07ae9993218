extension BrokenDocument {
    /// Choices, what is missing, and texts that have to look like something.
    static let forms = read(
        #"""
        # choice
        {"log": {"level": "inf"}}
        > gateway.json:1:19 /log/level: "inf" is not one of: trace, debug, info, notice, warning, error, critical; did you mean "info"?
        # choice type
        {"log": {"level": 3}}
        > gateway.json:1:19 /log/level: must be one of: trace, debug, info, notice, warning, error, critical, not a number
        # protocol
        {"endpoints":[{"path":"/","protocol":"socketio"}]}
        > gateway.json:1:38 /endpoints/0/protocol: "socketio" is not one of: socket.io, engine.io, websocket, sse, longpoll, static; did you mean "socket.io"?
        # no address
        {"listeners": [{}]}
        > gateway.json:1:16 /listeners/0: "address" is missing
        # no path and protocol
        {
          "endpoints": [
            {}
          ]
        }
        > gateway.json:3:5 /endpoints/0: "protocol" is missing
        # no directory
        {"endpoints":[{"path":"/","protocol":"static"}]}
        > gateway.json:1:15 /endpoints/0: "directory" is missing
        # no url
        {"handlers":{"app":{"type":"http"}}}
        > gateway.json:1:20 /handlers/app: "url" is missing
        # no type
        {"handlers":{"app":{}}}
        > gateway.json:1:20 /handlers/app: "type" is missing
        # no secret
        {"admin":{"keys":[{"name":"ops"}]}}
        > gateway.json:1:19 /admin/keys/0: "secret" is missing
        # no listeners
        {"listeners": []}
        > gateway.json:1:15 /listeners: must not be empty
        # no endpoints
        {"endpoints": []}
        > gateway.json:1:15 /endpoints: must not be empty
        # no namespaces
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","namespaces": []}]}
        > gateway.json:1:74 /endpoints/0/namespaces: must not be empty
        # no scopes
        {"admin":{"keys":[{"name":"ops","secret":"x","scopes":[]}]}}
        > gateway.json:1:55 /admin/keys/0/scopes: must not be empty
        # address
        {"listeners": [{"address": "8080"}]}
        > gateway.json:1:28 /listeners/0/address: "8080" is not an address; write "127.0.0.1:8080", "[::1]:8080" or "unix:/run/gatehouse.sock"
        # address port
        {"listeners": [{"address": "127.0.0.1:65536"}]}
        > gateway.json:1:28 /listeners/0/address: "127.0.0.1:65536" is not an address; write "127.0.0.1:8080", "[::1]:8080" or "unix:/run/gatehouse.sock"
        # label
        {"listeners": [{"name": "my listener", "address": "127.0.0.1:80"}]}
        > gateway.json:1:25 /listeners/0/name: "my listener" is not a name; use up to 128 letters, digits and any of -_./:
        # header
        {"handlers":{"app":{"type":"http","url":"http://h/","forwardHeaders":["accept","user agent"]}}}
        > gateway.json:1:80 /handlers/app/forwardHeaders/1: "user agent" is not the name of a header, method or cookie
        # path
        {"endpoints":[{"path":"socket.io","protocol":"socket.io"}]}
        > gateway.json:1:23 /endpoints/0/path: "socket.io" is not the path of a request; it begins with "/" and has no query
        # path query
        {"endpoints":[{"path":"/a?b","protocol":"socket.io"}]}
        > gateway.json:1:23 /endpoints/0/path: "/a?b" is not the path of a request; it begins with "/" and has no query
        # origin
        {"origins": ["app.example.com"]}
        > gateway.json:1:14 /origins/0: "app.example.com" is not an origin; write "https://app.example.com" or "https://*.example.com", without a path, or "*"
        # origin wildcard
        {"origins": ["https://a.*.example.com"]}
        > gateway.json:1:14 /origins/0: "https://a.*.example.com" is not an origin; write "https://app.example.com" or "https://*.example.com", without a path, or "*"
        # origin path
        {"origins": ["https://app.example.com/"]}
        > gateway.json:1:14 /origins/0: "https://app.example.com/" is not an origin; write "https://app.example.com" or "https://*.example.com", without a path, or "*"
        # url
        {"handlers":{"app":{"type":"http","url":"backend/hooks"}}}
        > gateway.json:1:41 /handlers/app/url: "backend/hooks" is not a URL; write "http://127.0.0.1:3000/events"
        # url scheme
        {"handlers":{"app":{"type":"http","url":"ftp://backend/hooks"}}}
        > gateway.json:1:41 /handlers/app/url: "ftp://backend/hooks" has another scheme than http and https
        # signing key
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/","signingKeys": ["whsec_c2hvcnQ="]}}}
        > gateway.json:1:82 /handlers/app/signingKeys/0: the value is not a signing key: "whsec_" and the base64 of 24 to 64 bytes
        # namespace
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","namespaces": ["chat"]}]}
        > gateway.json:1:75 /endpoints/0/namespaces/0: "chat" is not a namespace; it begins with "/" and has no comma or query
        # pattern
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","namespaces": [{"pattern": "/tenant-{id"}]}]}
        > gateway.json:1:87 /endpoints/0/namespaces/0/pattern: "/tenant-{id" is not a pattern; write "/tenant-{id}"
        # handler name
        {"handlers":{"my app":{"type":"http","url":"http://h/"}}}
        > gateway.json:1:14 /handlers/my app: "my app" is not a name; use up to 128 letters, digits and any of -_./:
        # control
        {"node": {"id": "a\u0000"}}
        > gateway.json:1:17 /node/id: "a\u0000" contains a control character
        """#)
}

extension BrokenDocument {
    /// References that lead nowhere, and secrets that must not show.
    static let references = read(
        #"""
        # env unset
        {"node":{"id":"${env:NODE}"}}
        > gateway.json:1:15 /node/id: the environment variable NODE is not set
        # file missing
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/","signingKeys":["${file:missing}"]}}}
        > gateway.json:1:81 /handlers/app/signingKeys/0: the file missing cannot be read
        # reference open
        {"node":{"id":"${env:NODE"}}
        > gateway.json:1:15 /node/id: a reference is not closed: "}" is missing
        # reference kind
        {"node":{"id":"${evn:NODE}"}}
        > gateway.json:1:15 /node/id: unknown reference "${evn:…}"; use ${env:NAME} or ${file:PATH}
        # reference empty
        {"node":{"id":"${env:}"}}
        > gateway.json:1:15 /node/id: a reference names nothing
        # secret hidden
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/","signingKeys":["${env:SECRET}"]}}}
        > gateway.json:1:81 /handlers/app/signingKeys/0: the value is not a signing key: "whsec_" and the base64 of 24 to 64 bytes
        # file hidden
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/","timeout":"${file:key}"}}}
        > gateway.json:1:76 /handlers/app/timeout: must be a duration such as "25s"
        # in action
        {"routes":[{"actions":[{"do":"join","rooms":["${env:NOPE}"]}]}]}
        > gateway.json:1:46 /routes/0/actions/0/rooms/0: the environment variable NOPE is not set
        # in action resolved
        {"routes":[{"actions":[{"do":"jon","rooms":["${env:SECRET}"]}]}]}
        > gateway.json:1:30 /routes/0/actions/0/do: unknown action "jon"; did you mean "join"? (known: emit, send, join, leave, disconnect, kick, state, refresh)
        # a handler by reference
        {"routes":[{"handler":"${env:SECRET}"}]}
        > gateway.json:1:23 /routes/0/handler: there is no handler "${env:SECRET}"
        # an action by reference
        {"routes":[{"actions":[{"do":"${env:SECRET}"}]}]}
        > gateway.json:1:30 /routes/0/actions/0/do: "${env:SECRET}" is not valid here, once filled in
        # a namespace by reference
        {"routes":[{"ack":[],"match":{"namespace":["/${env:SECRET}"]}}]}
        > gateway.json:1:44 /routes/0/match/namespace/0: "/${env:SECRET}" is not valid here, once filled in
        # a template by reference
        {"endpoints":[{"path":"/a","protocol":"socket.io","auth":{"rooms":["{${env:SECRET}}"]}}]}
        > gateway.json:1:68 /endpoints/0/auth/rooms/0: "{${env:SECRET}}" is not valid here, once filled in
        # a path twice by reference
        {"endpoints":[{"name":"a","path":"/${env:PORT}","protocol":"socket.io"},{"name":"b","path":"/${env:PORT}","protocol":"socket.io"}]}
        > gateway.json:1:92 /endpoints/1/path: another endpoint has the path "/${env:PORT}"
        """#)
}

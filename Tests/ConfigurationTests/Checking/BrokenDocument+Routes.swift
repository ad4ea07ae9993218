extension BrokenDocument {
    /// What the compilers of the routing find.
    static let routes = read(
        #"""
        # dangling handler
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"ap"}]}
        > gateway.json:1:89 /routes/0/handler: there is no handler "ap"; did you mean "app"?
        # dangling namespace
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","match":{"namespace":["/","/chat"]}}]}
        > gateway.json:1:121 /routes/0/match/namespace/1: no endpoint has the namespace "/chat"
        # pattern as namespace
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","namespaces":[{"pattern":"/tenant-{id}"}]}],"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","match":{"namespace":"/tenant-{id}"}}]}
        > gateway.json:1:218 /routes/0/match/namespace: write "*" for what differs between the namespaces of a pattern
        # no purpose
        {"routes":[{"match":{}}]}
        > gateway.json:1:12 /routes/0: a route needs "handler" or "actions"
        # handler and actions
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","actions":[{"do":"join","rooms":["a"]}]}]}
        > gateway.json:1:105 /routes/0/actions: a route with a "handler" has no "actions" of its own
        # handler and ack
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","ack":[1]}]}
        > gateway.json:1:101 /routes/0/ack: with the mode "request" the ack is the handler's answer
        # batch and request
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","batch":{}}]}
        > gateway.json:1:103 /routes/0/batch: "batch" needs the mode "atLeastOnce" or "atMostOnce": who waits for an answer does not wait for others
        # batch without handler
        {"routes":[{"ack":[],"batch":{}}]}
        > gateway.json:1:30 /routes/0/batch: "batch" needs a "handler"
        # batch limits
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","mode":"atMostOnce","batch":{"max":1001,"linger":"61s"}}]}
        > gateway.json:1:130 /routes/0/batch/max: 1001 is out of range: 1 to 1000
        > gateway.json:1:144 /routes/0/batch/linger: must be at most 60s
        # timeout without handler
        {"routes":[{"ack":[],"timeout":"1s"}]}
        > gateway.json:1:32 /routes/0/timeout: "timeout" needs a "handler"
        # connect mode
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","match":{"type":"socket.connect"},"mode":"atMostOnce"}]}
        > gateway.json:1:136 /routes/0/mode: "socket.connect" waits for its answer: its mode is always "request"
        # lane
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","orderBy":"room"}]}
        > gateway.json:1:105 /routes/0/orderBy: "room" is not a lane; use socket, user, none or "room:args.0.room"
        # lane path
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","orderBy":"room:foo.bar"}]}
        > gateway.json:1:105 /routes/0/orderBy: unknown template "{foo.bar}" (known: {args}, {args.0}, {event}, {namespace}, {message}, {user}, {auth}, {socket.id}, {claims.x}, {state.x}, {query.x}, {param.x}, {certificate.x}; a literal brace is written {{ or }})
        # room template
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"rooms": ["user:{user"]}}]}
        > gateway.json:1:79 /endpoints/0/auth/rooms/0: "{" without "}"; a literal brace is written {{
        # match type
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","match":{"type":"socket.conect"}}]}
        > gateway.json:1:111 /routes/0/match/type: unknown event type "socket.conect"; did you mean "socket.connect"?
        # match key
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","match":{"events":"a"}}]}
        > gateway.json:1:104 /routes/0/match/events: unknown key "events"; did you mean "event"?
        # require key
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","require":{"rooms":"a"}}]}
        > gateway.json:1:106 /routes/0/require/rooms: unknown key "rooms" (known: user, claims, certificate, inRoom)
        # action
        {
          "routes": [
            { "match": { "event": "a" },
              "actions": [
                { "do": "emit", "evnt": "x" },
                { "do": "jon", "rooms": [] }
              ] }
          ]
        }
        > gateway.json:5:9 /routes/0/actions/0: "event" is missing
        > gateway.json:5:25 /routes/0/actions/0/evnt: unknown key "evnt"; did you mean "event"?
        > gateway.json:6:17 /routes/0/actions/1/do: unknown action "jon"; did you mean "join"? (known: emit, send, join, leave, disconnect, kick, state, refresh)
        # template
        {"routes":[{"actions":[{"do":"join","rooms":["room:{arg.0}"]}]}]}
        > gateway.json:1:46 /routes/0/actions/0/rooms/0: unknown template "{arg.0}"; did you mean "args"? (known: {args}, {args.0}, {event}, {namespace}, {message}, {user}, {auth}, {socket.id}, {claims.x}, {state.x}, {query.x}, {param.x}, {certificate.x}; a literal brace is written {{ or }})
        # ack template
        {"routes":[{"ack":["{foo}"]}]}
        > gateway.json:1:20 /routes/0/ack/0: unknown template "{foo}" (known: {args}, {args.0}, {event}, {namespace}, {message}, {user}, {auth}, {socket.id}, {claims.x}, {state.x}, {query.x}, {param.x}, {certificate.x}; a literal brace is written {{ or }})
        # auth room
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"rooms": ["user:{usr}"]}}]}
        > gateway.json:1:79 /endpoints/0/auth/rooms/0: unknown template "{usr}"; did you mean "user"? (known: {args}, {args.0}, {event}, {namespace}, {message}, {user}, {auth}, {socket.id}, {claims.x}, {state.x}, {query.x}, {param.x}, {certificate.x}; a literal brace is written {{ or }})
        """#)
}

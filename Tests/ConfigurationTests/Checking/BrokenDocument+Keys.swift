extension BrokenDocument {
    /// Keys that nobody knows, or that are there twice.
    static let keys = read(
        #"""
        # unknown at root
        {"listenrs": []}
        > gateway.json:1:2 /listenrs: unknown key "listenrs"; did you mean "listeners"?
        # unknown, far
        {"zzz": 1}
        > gateway.json:1:2 /zzz: unknown key "zzz"
        # design example
        {
          "handlers": {
            "app": { "type": "http", "url": "http://127.0.0.1:3000/" }
          },
          "routes": [
            {
              "handler": "app",
              "time_out": "3s"
            }
          ]
        }
        > gateway.json:8:7 /routes/0/time_out: unknown key "time_out"; did you mean "timeout"?
        # unknown nested
        {"limits": {"maxConection": 5}}
        > gateway.json:1:13 /limits/maxConection: unknown key "maxConection"; did you mean "maxConnections"?
        # schema nested
        {"limits": {"$schema": "x"}}
        > gateway.json:1:13 /limits/$schema: unknown key "$schema"
        # escaped pointer
        {"limits": {"a/b~c": 5}}
        > gateway.json:1:13 /limits/a~1b~0c: unknown key "a/b~c"
        # doubled
        {"log": {"level": "info", "level": "debug"}}
        > gateway.json:1:27 /log/level: the key "level" is there twice
        # doubled at root
        {"log": {}, "log": {}}
        > gateway.json:1:13 /log: the key "log" is there twice
        # doubled in match
        {"handlers":{"app":{"type":"http","url":"http://127.0.0.1:3000/"}},"routes":[{"handler":"app","match":{"event":"a","event":"b"}}]}
        > gateway.json:1:116 /routes/0/match/event: the key "event" is there twice
        # doubled handler
        {"handlers":{"a":{"type":"http","url":"http://h/"},"a":{"type":"http","url":"http://h/"}}}
        > gateway.json:1:52 /handlers/a: the key "a" is there twice
        """#)
}

extension BrokenDocument {
    /// Values from the environment and from overrides.
    static let places = read(
        #"""
        # unknown variable
        env GATEHOUSE_LIMITS_MAX_CONNECTION=5
        {}
        > GATEHOUSE_LIMITS_MAX_CONNECTION: no option has this variable; did you mean "GATEHOUSE_LIMITS_MAX_CONNECTIONS"?
        # unknown variable far
        env GATEHOUSE_FOO=5
        {}
        > GATEHOUSE_FOO: no option has this variable
        # bad value in env
        env GATEHOUSE_LIMITS_MAX_CONNECTIONS=many
        {}
        > GATEHOUSE_LIMITS_MAX_CONNECTIONS: "many" is not a whole number
        # bare duration in env
        env GATEHOUSE_TIMEOUTS_HEADER=10
        {}
        > GATEHOUSE_TIMEOUTS_HEADER: "10" needs a unit: write "10s" (ms, s, m, h)
        # unavailable in env
        env GATEHOUSE_BUS_TYPE=redis
        {}
        > GATEHOUSE_BUS_TYPE: "redis" bus engines are not available in this version (available: memory)
        # unavailable option in env
        env GATEHOUSE_LIMITS_MEMORY_BUDGET=70%
        {}
        > GATEHOUSE_LIMITS_MEMORY_BUDGET: "memoryBudget" is not available in this version
        # unavailable section in env
        env GATEHOUSE_OUTBOX_PATH=log.db
        {}
        > GATEHOUSE_OUTBOX_PATH: "outbox" is not available in this version
        # unavailable section set
        set outbox.maxBytes=1GiB
        {}
        > --set outbox.maxBytes: "outbox" is not available in this version
        # no such handler
        env GATEHOUSE_HANDLERS_APP_URL=http://h/
        {}
        > GATEHOUSE_HANDLERS_APP_URL: no option has this variable
        # env secret
        env GATEHOUSE_ADMIN_KEYS_OPS_SECRET=a	b
        {"admin":{"keys":[{"name":"ops","secret":"x"}]}}
        > GATEHOUSE_ADMIN_KEYS_OPS_SECRET: the value contains a control character
        # no equals
        set limits.maxConnections
        {}
        > --set limits.maxConnections: write it as a.b=c
        # unknown set
        set limits.maxConection=5
        {}
        > --set limits.maxConection: unknown key "maxConection"; did you mean "maxConnections"?
        # no such element
        set listeners.3.address=127.0.0.1:1
        {}
        > --set listeners.3.address: "listeners" has no element "3"; it has 1
        # no parts
        set log.level.x=1
        {}
        > --set log.level.x: "level" has no parts
        # needs json
        set limits=5
        {}
        > --set limits: must be an object, not a number
        # bad json
        set listeners=[{]
        {}
        > --set listeners: needs JSON: unexpected character
        # set bad
        set timeouts.header=5
        {}
        > --set timeouts.header: "5" needs a unit: write "5s" (ms, s, m, h)
        # set json bad
        set listeners=[{"adress":"127.0.0.1:1"}]
        {}
        > --set listeners: unknown key "adress"; did you mean "address"?
        > --set listeners: "address" is missing
        # all at once, sorted
        env GATEHOUSE_X=1
        env GATEHOUSE_TIMEOUTS_HANDSHAKE=x
        set a=1
        set timeouts.writeProgress=1
        {
          "log": { "level": "loud" },
          "timeouts": { "header": 5 },
          "nodes": {}
        }
        > gateway.json:2:21 /log/level: "loud" is not one of: trace, debug, info, notice, warning, error, critical
        > gateway.json:3:27 /timeouts/header: 5 needs a unit: write "5s" (ms, s, m, h)
        > gateway.json:4:3 /nodes: unknown key "nodes"; did you mean "node"?
        > GATEHOUSE_TIMEOUTS_HANDSHAKE: "x" is not a duration; write a whole number and a unit (ms, s, m, h), such as "25s"
        > GATEHOUSE_X: no option has this variable
        > --set a: unknown key "a"
        > --set timeouts.writeProgress: "1" needs a unit: write "1s" (ms, s, m, h)
        """#)
}

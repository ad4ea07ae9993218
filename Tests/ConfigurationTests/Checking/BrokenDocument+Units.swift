extension BrokenDocument {
    /// Quantities: durations, sizes, rates, shares.
    static let units = read(
        #"""
        # bare duration
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","pingInterval": 25}]}
        > gateway.json:1:76 /endpoints/0/pingInterval: 25 needs a unit: write "25s" (ms, s, m, h)
        # bare duration text
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","pingInterval": "25"}]}
        > gateway.json:1:76 /endpoints/0/pingInterval: "25" needs a unit: write "25s" (ms, s, m, h)
        # duration unit
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","pingInterval": "25sec"}]}
        > gateway.json:1:76 /endpoints/0/pingInterval: "25sec" has no unit of time in "sec"; use ms, s, m or h
        # duration fraction
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","pingInterval": "1.5s"}]}
        > gateway.json:1:76 /endpoints/0/pingInterval: "1.5s" is not a duration; write a whole number and a unit (ms, s, m, h), such as "25s"
        # duration negative
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","pingInterval": "-1s"}]}
        > gateway.json:1:76 /endpoints/0/pingInterval: "-1s" is not a duration; write a whole number and a unit (ms, s, m, h), such as "25s"
        # duration zero
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","pingInterval": "0s"}]}
        > gateway.json:1:76 /endpoints/0/pingInterval: "0s" is too short; at least "1ms"
        # duration overflow
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","pingInterval": "9223372036854775807h"}]}
        > gateway.json:1:76 /endpoints/0/pingInterval: "9223372036854775807h" is longer than this program can count
        # duration bool
        {"drain": {"delay": true}}
        > gateway.json:1:21 /drain/delay: must be a duration such as "25s", not a boolean
        # size unit
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","maxHttpBufferSize": "1mb"}]}
        > gateway.json:1:81 /endpoints/0/maxHttpBufferSize: "1mb" has no unit of size in "mb"; use B, KB, MB, GB, TB, KiB, MiB, GiB, TiB
        # size text
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","maxHttpBufferSize": "big"}]}
        > gateway.json:1:81 /endpoints/0/maxHttpBufferSize: "big" is not a size; write "64KiB", "1MB" or a whole number of bytes
        # size zero
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","maxHttpBufferSize": 0}]}
        > gateway.json:1:81 /endpoints/0/maxHttpBufferSize: 0 is out of range: 1 to 2147483647 bytes
        # size overflow
        {"history": {"maxBytes": "9999999999TiB"}}
        > gateway.json:1:26 /history/maxBytes: "9999999999TiB" is larger than this program can count
        # bare rate
        {"limits": {"acceptRate": 1000}}
        > gateway.json:1:27 /limits/acceptRate: 1000 needs a unit: write "1000/s"
        # rate unit
        {"limits": {"acceptRate": "1000/d"}}
        > gateway.json:1:27 /limits/acceptRate: "1000/d" has no unit of time in "d"; use /s, /m or /h
        # rate zero
        {"limits": {"acceptRate": "0/s"}}
        > gateway.json:1:27 /limits/acceptRate: "0/s" lets nothing through; write at least "1/s"
        # rate text
        {"limits": {"acceptRate": "fast"}}
        > gateway.json:1:27 /limits/acceptRate: "fast" is not a rate; write "1000/s"
        # budget bare
        {"limits": {"memoryBudget": 70}}
        > gateway.json:1:29 /limits/memoryBudget: 70 needs a unit: write "70%" or a size such as "2GiB"
        # budget share
        {"limits": {"memoryBudget": "120%"}}
        > gateway.json:1:29 /limits/memoryBudget: "120%" is not a share of memory; write "1%" to "100%"
        # budget text
        {"limits": {"memoryBudget": "most"}}
        > gateway.json:1:29 /limits/memoryBudget: "most" is not an amount of memory; write "70%" or "2GiB"
        """#)
}

extension BrokenDocument {
    /// Quantities: durations and sizes.
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
        {"timeouts": {"header": true}}
        > gateway.json:1:25 /timeouts/header: must be a duration such as "25s", not a boolean
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
        {"limits": {"outputHard": "9999999999TiB"}}
        > gateway.json:1:27 /limits/outputHard: "9999999999TiB" is larger than this program can count
        """#)
}

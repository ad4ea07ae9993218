extension BrokenDocument {
    /// What is wrong only with several options together.
    static let relations = read(
        #"""
        # doubled listener
        {"listeners":[{"name":"a","address":"127.0.0.1:80"},{"name":"a","address":"127.0.0.1:80"}]}
        > gateway.json:1:61 /listeners/1/name: another listener has the name "a"
        > gateway.json:1:75 /listeners/1/address: another listener has the address "127.0.0.1:80"
        # doubled path
        {"endpoints":[{"path":"/socket.io","protocol":"socket.io"},{"name":"b","path":"/socket.io/","protocol":"socket.io"}]}
        > gateway.json:1:79 /endpoints/1/path: another endpoint has the path "/socket.io/"
        # doubled endpoint name
        {"endpoints":[{"name":"a","path":"/a","protocol":"socket.io"},{"name":"a","path":"/b","protocol":"socket.io"}]}
        > gateway.json:1:71 /endpoints/1/name: another endpoint has the name "a"
        # doubled namespace
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","namespaces": ["/", {"name": "/"}]}]}
        > gateway.json:1:89 /endpoints/0/namespaces/1/name: another namespace of this endpoint has the name "/"
        # doubled route
        {"routes":[{"name":"a","ack":[]},{"name":"a","ack":[]}]}
        > gateway.json:1:42 /routes/1/name: another route has the name "a"
        # doubled key
        {"admin":{"keys":[{"name":"a","secret":"x"},{"name":"a","secret":"y"}]}}
        > gateway.json:1:53 /admin/keys/1/name: another key has the name "a"
        # admin wide
        {"admin":{"address":"0.0.0.0:9090"}}
        > gateway.json:1:21 /admin/address: "0.0.0.0:9090" is reachable from other machines: "keys" are needed, or an address on loopback
        # admin same address
        {"listeners":[{"address":"127.0.0.1:9090"}]}
        > gateway.json:1:26 /listeners/0/address: "127.0.0.1:9090" is the address of "admin"
        # cors
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","cors": {"origin": "*", "credentials": true}}]}
        > gateway.json:1:99 /endpoints/0/cors/credentials: credentials need a list of origins, not "*"
        # cors default
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","cors": {"credentials": true}}]}
        > gateway.json:1:84 /endpoints/0/cors/credentials: credentials need a list of origins, not "*"
        # origins and credentials
        {"origins":["*"],"endpoints":[{"path":"/socket.io/","protocol":"socket.io","cors": {"origin": "https://a.example", "credentials": true}}]}
        > gateway.json:1:131 /endpoints/0/cors/credentials: credentials need a list of "origins", not "*"
        # origins and cookie
        {"origins":["*"],"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"jwks": "keys.json", "algorithms": ["ES256"], "cookie": "session"}}}]}
        > gateway.json:1:149 /endpoints/0/auth/jwt/cookie: a token in a cookie needs a list of origins, not "*": any page could use its visitors' tokens
        # cors and cookie
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","cors": {"origin": "*"},"auth": {"jwt": {"jwks": "keys.json", "algorithms": ["ES256"], "cookie": "session"}}}]}
        > gateway.json:1:157 /endpoints/0/auth/jwt/cookie: a token in a cookie needs a list of origins, not "*": any page could use its visitors' tokens
        # cookie
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","cookie": {"sameSite": "none"}}]}
        > gateway.json:1:83 /endpoints/0/cookie/sameSite: browsers refuse "none" without "secure": true
        # recovery and dropped events
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","connectionStateRecovery": {},"slowConsumer": "dropOldest"}]}
        > gateway.json:1:106 /endpoints/0/slowConsumer: "dropOldest" drops events, so "connectionStateRecovery" could not give back all that was missed; use "close"
        # recovery and only the latest event
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","slowConsumer": "latest","connectionStateRecovery": {}}]}
        > gateway.json:1:76 /endpoints/0/slowConsumer: "latest" drops events, so "connectionStateRecovery" could not give back all that was missed; use "close"
        # soft over hard
        {"limits":{"outputSoft":"2MiB"}}
        > gateway.json:1:25 /limits/outputSoft: "outputSoft" is larger than "outputHard"
        # name and pattern
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","namespaces": [{"name":"/a","pattern":"/b"}]}]}
        > gateway.json:1:75 /endpoints/0/namespaces/0: a namespace needs "name" or "pattern", and not both
        # neither name nor pattern
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","namespaces": [{"max":5}]}]}
        > gateway.json:1:75 /endpoints/0/namespaces/0: a namespace needs "name" or "pattern", and not both
        """#)
}

extension BrokenDocument {
    /// Who is let in: TLS, proxies, tokens, limits.
    static let access = read(
        #"""
        # tls without a key
        {"listeners": [{"address": "127.0.0.1:80", "tls": {"certificate": "a"}}]}
        > gateway.json:1:51 /listeners/0/tls: "key" is missing
        # tls without a certificate
        {"listeners": [{"address": "127.0.0.1:80", "tls": {"key": "a"}}]}
        > gateway.json:1:51 /listeners/0/tls: "certificate" is missing
        # tls with nothing
        {"listeners": [{"address": "127.0.0.1:80", "tls": {}}]}
        > gateway.json:1:51 /listeners/0/tls: "certificate" is missing
        > gateway.json:1:51 /listeners/0/tls: "key" is missing
        # tls as a word
        {"listeners": [{"address": "127.0.0.1:80", "tls": true}]}
        > gateway.json:1:51 /listeners/0/tls: must be an object, not a boolean
        # tls version
        {"listeners": [{"address": "127.0.0.1:80", "tls": {"certificate": "a", "key": "b", "minimumVersion": "1.1"}}]}
        > gateway.json:1:102 /listeners/0/tls/minimumVersion: "1.1" is not one of: 1.2, 1.3; did you mean "1.2"?
        # tls version as a number
        {"listeners": [{"address": "127.0.0.1:80", "tls": {"certificate": "a", "key": "b", "minimumVersion": 1.2}}]}
        > gateway.json:1:102 /listeners/0/tls/minimumVersion: must be one of: 1.2, 1.3, not a number
        # tls certificate without a path
        {"listeners": [{"address": "127.0.0.1:80", "tls": {"certificate": "", "key": "b"}}]}
        > gateway.json:1:67 /listeners/0/tls/certificate: "" is no path
        # further certificate without names
        {"listeners": [{"address": "127.0.0.1:80", "tls": {"certificate": "a", "key": "b", "certificates": [{"names": [], "certificate": "c", "key": "d"}]}}]}
        > gateway.json:1:111 /listeners/0/tls/certificates/0/names: must not be empty
        # further certificate without a key
        {"listeners": [{"address": "127.0.0.1:80", "tls": {"certificate": "a", "key": "b", "certificates": [{"names": ["a.example.com"], "certificate": "c"}]}}]}
        > gateway.json:1:101 /listeners/0/tls/certificates/0: "key" is missing
        # network
        {"listeners": [{"address": "127.0.0.1:80", "trustedProxies": ["10.0.0.0/8", "10.0.0.0/33"]}]}
        > gateway.json:1:77 /listeners/0/trustedProxies/1: "10.0.0.0/33" is not a network; write "10.0.0.0/8" or one address
        # network as a string
        {"listeners": [{"address": "127.0.0.1:80", "trustedProxies": "10.0.0.0/8"}]}
        > gateway.json:1:62 /listeners/0/trustedProxies: must be a list, not a string
        # client address header
        {"listeners": [{"address": "127.0.0.1:80", "clientAddressHeader": "x forwarded"}]}
        > gateway.json:1:67 /listeners/0/clientAddressHeader: "x forwarded" is not the name of a header, method or cookie
        # client address header of nothing
        {"listeners": [{"address": "127.0.0.1:80", "clientAddressHeader": null}]}
        > gateway.json:1:67 /listeners/0/clientAddressHeader: must be a string, not null
        # proxy protocol
        {"listeners": [{"address": "127.0.0.1:80", "proxyProtocol": "auto"}]}
        > gateway.json:1:61 /listeners/0/proxyProtocol: "auto" is not one of: off, v1, v2
        # proxy protocol as a number
        {"listeners": [{"address": "127.0.0.1:80", "proxyProtocol": 2, "trustedProxies": ["10.0.0.0/8"]}]}
        > gateway.json:1:61 /listeners/0/proxyProtocol: must be one of: off, v1, v2, not a number
        # proxy protocol from anybody
        {"listeners": [{"address": "127.0.0.1:80", "proxyProtocol": "v2"}]}
        > gateway.json:1:61 /listeners/0/proxyProtocol: "proxyProtocol" needs "trustedProxies", which says who may send it
        # proxy protocol from anybody, by environment
        env GATEHOUSE_LISTENERS_0_PROXY_PROTOCOL=v1
        {"listeners": [{"address": "127.0.0.1:80", "trustedProxies": []}]}
        > GATEHOUSE_LISTENERS_0_PROXY_PROTOCOL: "proxyProtocol" needs "trustedProxies", which says who may send it
        # proxy protocol from a faulty network
        {"listeners": [{"address": "127.0.0.1:80", "proxyProtocol": "v1", "trustedProxies": ["10"]}]}
        > gateway.json:1:86 /listeners/0/trustedProxies/0: "10" is not a network; write "10.0.0.0/8" or one address
        # accept rate
        {"limits": {"acceptRate": 1000}}
        > gateway.json:1:27 /limits/acceptRate: 1000 needs a unit: write "1000/s"
        # accept rate of nothing
        {"limits": {"acceptRate": "0/s"}}
        > gateway.json:1:27 /limits/acceptRate: "0/s" lets nothing through; write at least "1/s"
        # connections of one address
        {"limits": {"maxConnectionsPerIP": 0}}
        > gateway.json:1:36 /limits/maxConnectionsPerIP: 0 is out of range: 1 to 2147483647
        # messages of a socket
        {"limits": {"messagesPerSocket": "fast"}}
        > gateway.json:1:34 /limits/messagesPerSocket: "fast" is not a rate; write "1000/s"
        # required auth
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"required": true}}]}
        > gateway.json:1:81 /endpoints/0/auth/required: "required" needs "jwt", which says how tokens are verified, or "certificate"
        # certificate of nobody
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"certificate": "commonName"}}]}
        > gateway.json:1:84 /endpoints/0/auth/certificate: no listener has "tls" with "clientCA", so nobody shows a certificate
        # jwt without algorithms
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"jwks": "https://id/jwks.json"}}}]}
        > gateway.json:1:76 /endpoints/0/auth/jwt: "algorithms" is missing
        # jwt with no algorithm
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"jwks": "k", "algorithms": []}}}]}
        > gateway.json:1:104 /endpoints/0/auth/jwt/algorithms: must not be empty
        # jwt with no key
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"algorithms": ["RS256"]}}}]}
        > gateway.json:1:76 /endpoints/0/auth/jwt: needs exactly one of "secret", "publicKey" and "jwks"
        # jwt with two keys
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"secret": "s", "publicKey": "p", "algorithms": ["HS256"]}}}]}
        > gateway.json:1:76 /endpoints/0/auth/jwt: needs exactly one of "secret", "publicKey" and "jwks"
        # jwt with a faulty key
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"publicKey": 5, "algorithms": ["RS256"]}}}]}
        > gateway.json:1:90 /endpoints/0/auth/jwt/publicKey: must be a string, not a number
        # jwt with an unset key
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"secret": "${env:UNSET}", "algorithms": ["HS256"]}}}]}
        > gateway.json:1:87 /endpoints/0/auth/jwt/secret: the environment variable UNSET is not set
        # jwt algorithm
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"jwks": "k", "algorithms": ["RS256", "RS255"]}}}]}
        > gateway.json:1:114 /endpoints/0/auth/jwt/algorithms/1: "RS255" is not one of: HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA; did you mean "RS256"?
        # jwt without a signature
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"jwks": "k", "algorithms": ["none"]}}}]}
        > gateway.json:1:105 /endpoints/0/auth/jwt/algorithms/0: "none" is not one of: HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA
        # jwt with a secret that everybody knows
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"publicKey": "p", "algorithms": ["RS256", "HS256"]}}}]}
        > gateway.json:1:119 /endpoints/0/auth/jwt/algorithms/1: "HS256" goes with a secret only
        # jwt with a secret out of a key set
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"jwks": "k", "algorithms": ["HS384", "ES256", "HS512"]}}}]}
        > gateway.json:1:105 /endpoints/0/auth/jwt/algorithms/0: "HS384" goes with a secret only
        > gateway.json:1:123 /endpoints/0/auth/jwt/algorithms/2: "HS512" goes with a secret only
        # jwt with a secret for signatures
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"secret": "0123456789abcdef0123456789abcdef", "algorithms": ["HS256", "ES256"]}}}]}
        > gateway.json:1:147 /endpoints/0/auth/jwt/algorithms/1: "ES256" does not go with a secret
        # jwt with a short secret
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"secret": "${env:SECRET}", "algorithms": ["HS256"]}}}]}
        > gateway.json:1:87 /endpoints/0/auth/jwt/secret: the value is too short for "HS256": at least 32 bytes
        # jwt with a secret that is short for one
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"secret": "0123456789abcdef0123456789abcdef", "algorithms": ["HS256", "HS384"]}}}]}
        > gateway.json:1:87 /endpoints/0/auth/jwt/secret: the value is too short for "HS384": at least 48 bytes
        # jwt with a key set from elsewhere
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"jwks": "ftp://id/jwks.json", "algorithms": ["RS256"]}}}]}
        > gateway.json:1:85 /endpoints/0/auth/jwt/jwks: "ftp://id/jwks.json" has another scheme than http and https
        # jwt with a key set from nowhere
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"jwks": "", "algorithms": ["RS256"]}}}]}
        > gateway.json:1:85 /endpoints/0/auth/jwt/jwks: "" is neither a URL nor a path
        # jwt cookie
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"jwks": "k", "algorithms": ["RS256"], "cookie": "a b"}}}]}
        > gateway.json:1:125 /endpoints/0/auth/jwt/cookie: "a b" is not the name of a header, method or cookie
        # jwt key
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","auth": {"jwt": {"jwk": "k", "algorithms": ["RS256"]}}}]}
        > gateway.json:1:76 /endpoints/0/auth/jwt: needs exactly one of "secret", "publicKey" and "jwks"
        > gateway.json:1:77 /endpoints/0/auth/jwt/jwk: unknown key "jwk"; did you mean "jwks"?
        """#)
}

extension BrokenDocument {
    /// Values of another type than the table says.
    static let types = read(
        #"""
        # object wanted
        {"limits": []}
        > gateway.json:1:12 /limits: must be an object, not a list
        # list wanted
        {"listeners": {}}
        > gateway.json:1:15 /listeners: must be a list, not an object
        # handlers list
        {"handlers": []}
        > gateway.json:1:14 /handlers: must be an object, not a list
        # bool wanted
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","allowUpgrades": "yes"}]}
        > gateway.json:1:77 /endpoints/0/allowUpgrades: must be true or false, not a string
        # number wanted
        {"limits": {"maxConnections": "100"}}
        > gateway.json:1:31 /limits/maxConnections: must be a whole number, not a string
        # fraction
        {"limits": {"maxConnections": 1.5}}
        > gateway.json:1:31 /limits/maxConnections: 1.5 is not a whole number
        # huge
        {"limits": {"maxConnections": 99999999999999999999}}
        > gateway.json:1:31 /limits/maxConnections: 99999999999999999999 is out of range: 1 to 2147483647
        # zero
        {"limits": {"maxConnections": 0}}
        > gateway.json:1:31 /limits/maxConnections: 0 is out of range: 1 to 2147483647
        # negative
        {"limits": {"maxRoomsPerSocket": -1}}
        > gateway.json:1:34 /limits/maxRoomsPerSocket: -1 is out of range: 1 to 2147483647
        # string wanted
        {"node": {"id": 7}}
        > gateway.json:1:17 /node/id: must be a string, not a number
        # null
        {"limits": null}
        > gateway.json:1:12 /limits: must be an object, not null
        # null scalar
        {"timeouts": {"header": null}}
        > gateway.json:1:25 /timeouts/header: must be a duration such as "25s", not null
        # element type
        {"origins": [1]}
        > gateway.json:1:14 /origins/0: must be a string, not a number
        # listener type
        {"listeners": ["127.0.0.1:80"]}
        > gateway.json:1:16 /listeners/0: must be an object, not a string
        # namespace type
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","namespaces": [5]}]}
        > gateway.json:1:75 /endpoints/0/namespaces/0: must be a string or an object, not a number
        # range
        {"endpoints":[{"path":"/socket.io/","protocol":"socket.io","maxAttachments": 1001}]}
        > gateway.json:1:78 /endpoints/0/maxAttachments: 1001 is out of range: 0 to 1000
        """#)
}

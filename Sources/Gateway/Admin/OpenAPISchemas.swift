extension AdminOperation {
    enum Answer: Hashable, Sendable {
        case nothing, text
        /// A schema by name; nil: any JSON.
        case json(String?)
    }

    var answer: Answer {
        switch self {
        case .live, .ready, .started, .metrics: .text
        case .configurationSchema, .openAPI, .configuration: .json(nil)
        case .emit: .json("Published")
        case .request: .json("Responses")
        case .actions, .batch: .json("Results")
        case .listSockets: .json("Sockets")
        case .showSocket: .json("Socket")
        case .disconnectSocket, .addMember, .removeMember: .nothing
        case .listRooms: .json("Rooms")
        case .showRoom: .json("Room")
        case .disconnectUser, .changeUserState: .json("Reached")
        case .showLog: .json("Log")
        case .nodes: .json("Nodes")
        case .handlers: .json("Handlers")
        case .reload: .json("Reloaded")
        case .showDrain, .drain, .takeBackDrain: .json("Drain")
        }
    }

    var requestSchema: String? {
        switch self {
        case .emit: "Emit"
        case .request: "Request"
        case .actions: "Actions"
        case .batch: "Batch"
        case .disconnectUser: "DisconnectUser"
        case .changeUserState: "State"
        default: nil
        }
    }
}

/// The shapes that the OpenAPI document refers to.
enum OpenAPISchemas {
    static let components = """
        {"securitySchemes":{"key":{"type":"http","scheme":"bearer"}},"schemas":{
        "Names":{"type":"array","items":{"type":"string","minLength":1,"maxLength":255}},
        "Target":{"type":"object","additionalProperties":false,
        "description":"Whom an action is for. A socket reached by several clauses is reached once.","properties":{
        "rooms":{"$ref":"#/components/schemas/Names"},"users":{"$ref":"#/components/schemas/Names"},
        "sockets":{"$ref":"#/components/schemas/Names"},"all":{"type":"boolean"},
        "namespace":{"type":"string","default":"/"},"local":{"type":"boolean"},
        "except":{"type":"object","additionalProperties":false,"properties":{
        "rooms":{"$ref":"#/components/schemas/Names"},"users":{"$ref":"#/components/schemas/Names"},
        "sockets":{"$ref":"#/components/schemas/Names"}}}}},
        "Emit":{"type":"object","required":["to","event"],"properties":{"do":{"const":"emit"},
        "to":{"$ref":"#/components/schemas/Target"},"event":{"type":"string"},"args":{"type":"array"},
        "attachments":{"type":"array","items":{"type":"string","contentEncoding":"base64"}},
        "volatile":{"type":"boolean"},"compress":{"type":"boolean"},
        "id":{"type":"string","description":"Repeats within five minutes are dropped; also the header Idempotency-Key."}}},
        "Request":{"allOf":[{"$ref":"#/components/schemas/Emit"},{"type":"object","properties":{
        "timeout":{"type":"string","default":"5s","description":"At most 60s."},
        "expect":{"enum":["all","first"],"default":"all"}}}]},
        "Action":{"type":"object","required":["do"],"properties":{
        "do":{"enum":["emit","send","join","leave","disconnect","kick","state"]},
        "to":{"$ref":"#/components/schemas/Target"},"target":{"$ref":"#/components/schemas/Target"}}},
        "Actions":{"type":"object","required":["actions"],"properties":{
        "actions":{"type":"array","minItems":1,"maxItems":1000,"items":{"$ref":"#/components/schemas/Action"}}}},
        "Batch":{"type":"object","required":["batch"],"properties":{
        "batch":{"type":"array","minItems":1,"maxItems":1000,"items":{"$ref":"#/components/schemas/Action"}}}},
        "DisconnectUser":{"type":"object","additionalProperties":false,"properties":{
        "close":{"type":"boolean"},"reason":{"type":"string"}}},
        "State":{"type":"object","additionalProperties":false,"properties":{
        "set":{"type":"object"},"unset":{"$ref":"#/components/schemas/Names"}}},
        "Published":{"type":"object","required":["offset","recipients"],"properties":{
        "offset":{"type":["integer","null"],"description":"Null when nothing was published."},
        "recipients":{"type":"integer"},"repeated":{"type":"boolean"},"status":{"type":"integer"}}},
        "Results":{"type":"object","required":["results"],"properties":{"results":{"type":"array","items":{
        "anyOf":[{"$ref":"#/components/schemas/Published"},{"$ref":"#/components/schemas/Problem"}]}}}},
        "Responses":{"type":"object","required":["responses","missing"],"properties":{
        "responses":{"type":"array","items":{"type":"object","required":["socket","args"],"properties":{
        "socket":{"type":"string"},"args":{"type":"array"},
        "attachments":{"type":"array","items":{"type":"string","contentEncoding":"base64"}}}}},
        "missing":{"type":"array","items":{"type":"string"}}}},
        "Socket":{"type":"object","required":["id","session","namespace","protocol","connectedAt","remote"],"properties":{
        "id":{"type":"string"},"session":{"type":"string"},"namespace":{"type":"string"},"protocol":{"type":"string"},
        "transport":{"type":"string"},"user":{"type":"string"},"rooms":{"type":"array","items":{"type":"string"}},
        "state":{"type":"object"},"connectedAt":{"type":"string","format":"date-time"},
        "remote":{"type":"object","properties":{"ip":{"type":"string"},"tls":{"type":"boolean"}}}}},
        "Sockets":{"type":"object","required":["sockets"],"properties":{
        "sockets":{"type":"array","items":{"$ref":"#/components/schemas/Socket"}},"cursor":{"type":"string"}}},
        "Room":{"type":"object","required":["name","sockets"],"properties":{
        "name":{"type":"string"},"namespace":{"type":"string"},"sockets":{"type":"integer"},
        "members":{"type":"array","items":{"type":"string"}},"cursor":{"type":"string"}}},
        "Rooms":{"type":"object","required":["namespace","rooms"],"properties":{"namespace":{"type":"string"},
        "rooms":{"type":"array","items":{"$ref":"#/components/schemas/Room"}},"cursor":{"type":"string"}}},
        "Reached":{"type":"object","required":["sockets"],"properties":{"sockets":{"type":"integer"}}},
        "Log":{"type":"object","required":["head","complete","entries"],"properties":{
        "head":{"type":"string","description":"The offset given last."},
        "complete":{"type":"boolean","description":"Whether nothing is missing between `since` and the first entry."},
        "entries":{"type":"array","items":{"type":"object"}},
        "next":{"type":"string","description":"The `since` of the next page."}}},
        "Nodes":{"type":"object","required":["nodes"],"properties":{"nodes":{"type":"array","items":{"type":"object"}}}},
        "Handlers":{"type":"object","required":["handlers"],"properties":{
        "handlers":{"type":"array","items":{"type":"object"}}}},
        "Reloaded":{"type":"object","required":["result","generation"],"properties":{
        "result":{"const":"success"},"generation":{"type":"integer"}}},
        "Drain":{"type":"object","required":["state","connections","sessions","remaining"],"properties":{
        "state":{"enum":["serving","announced","closing","drained","stopping"]},"connections":{"type":"integer"},
        "sessions":{"type":"integer"},"remaining":{"type":"integer"}}},
        "Problem":{"type":"object","required":["title","status"],"description":"RFC 9457","properties":{
        "type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},
        "errors":{"type":"array","items":{"type":"object","properties":{
        "pointer":{"type":"string"},"detail":{"type":"string"}}}}}}}}
        """
}

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
        case .disconnectUser, .refreshUser, .changeUserState: .json("Reached")
        case .showLog: .json("Log")
        case .nodes: .json("Nodes")
        case .handlers: .json("Handlers")
        case .reload: .json("Reloaded")
        case .showDrain, .drain, .takeBackDrain: .json("Drain")
        case .showOutbox: .json("Outbox")
        case .listDeadLetters: .json("DeadLetters")
        case .showDeadLetter: .json("DeadLetter")
        case .replayDeadLetter, .replayDeadLetters: .json("Replayed")
        case .dropDeadLetter: .nothing
        case .dropDeadLetters: .json("Dropped")
        }
    }

    var requestSchema: String? {
        switch self {
        case .emit: "Emit"
        case .request: "Request"
        case .actions: "Actions"
        case .batch: "Batch"
        case .disconnectUser: "DisconnectUser"
        case .refreshUser: "Refresh"
        case .changeUserState: "State"
        case .replayDeadLetters: "Replay"
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
        "Refresh":{"type":"object","additionalProperties":false,"minProperties":1,"maxProperties":1,"properties":{
        "expiresAt":{"type":"integer","minimum":0},"ttl":{"type":["string","number"]}}},
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
        "remote":{"type":"object","properties":{"ip":{"type":"string"},"tls":{"type":"boolean"},
        "certificate":{"type":"object"}}}}},
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
        "Outbox":{"type":"object","required":["path","writable","bytes","maxBytes","pending","dead"],"properties":{
        "path":{"type":"string"},"writable":{"type":"boolean"},"bytes":{"type":"integer"},
        "maxBytes":{"type":"integer"},"pending":{"type":"integer"},"dead":{"type":"integer"},
        "loaded":{"type":"integer","description":"Pending events that are in memory."},
        "oldestSeconds":{"type":"number"},
        "handlers":{"type":"object","additionalProperties":{"type":"integer"}}}},
        "DeadLetter":{"type":"object","required":["id","handler","route","lane","seq","reason","attempts"],"properties":{
        "id":{"type":"string"},"handler":{"type":"string"},"route":{"type":"string"},"lane":{"type":"string"},
        "seq":{"type":"integer"},"type":{"type":"string"},"socket":{"type":"string"},
        "acceptedAt":{"type":"string","format":"date-time"},"diedAt":{"type":"string","format":"date-time"},
        "reason":{"enum":["attempts","age","rejected","invalidAnswer","damaged"]},"attempts":{"type":"integer"},
        "status":{"type":"integer"},"problem":{"type":"string"},"damaged":{"type":"boolean"},
        "response":{"type":"string","maxLength":4096},"event":{"type":"object"}}},
        "DeadLetters":{"type":"object","required":["letters"],"properties":{
        "letters":{"type":"array","items":{"$ref":"#/components/schemas/DeadLetter"}},"cursor":{"type":"string"}}},
        "Replay":{"type":"object","additionalProperties":false,"description":"Either of them.","properties":{
        "all":{"type":"boolean"},"handler":{"type":"string"}}},
        "Replayed":{"type":"object","required":["replayed"],"properties":{"replayed":{"type":"integer"}}},
        "Dropped":{"type":"object","required":["dropped"],"properties":{"dropped":{"type":"integer"}}},
        "Problem":{"type":"object","required":["title","status"],"description":"RFC 9457","properties":{
        "type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"detail":{"type":"string"},
        "errors":{"type":"array","items":{"type":"object","properties":{
        "pointer":{"type":"string"},"detail":{"type":"string"}}}}}}}}
        """
}

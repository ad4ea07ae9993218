import JSONScanner
import Routing
import struct NIOCore.ByteBuffer

/// An event to fill templates from, made of what a test cares about.
struct EventSample: TemplateSource {
    var namespace = "/chat"
    var eventName: String? = "message"
    var user: String? = "u42"
    var socketID: String? = "mGx1"
    /// JSON values with commas between them.
    var arguments = ""
    var attachments: [ByteBuffer] = []
    var message: MessageValue?
    var authJSON: [UInt8]?
    /// JSON objects.
    var claims = "{}"
    var stateJSON = "{}"
    var certificateJSON: [UInt8]?
    var queryItems: [String: String] = [:]
    var params: [String: String] = [:]
    var rooms: Set<String> = []

    func withArguments<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        Array(arguments.utf8).withUnsafeBytes(body)
    }

    func claim(_ path: [String]) -> [UInt8]? { JSONPath.value(path, in: Array(claims.utf8)) }
    func state(_ path: [String]) -> [UInt8]? { JSONPath.value(path, in: Array(stateJSON.utf8)) }
    func query(_ name: String) -> String? { queryItems[name] }
    func param(_ name: String) -> String? { params[name] }
    func isInRoom(_ room: String) -> Bool { rooms.contains(room) }

    /// Something behind every expression.
    static let full = EventSample(
        arguments: #"{"text":"h\"i","n":[10,{"deep":true}],"k.e~y":1},7,null,"\ud800x",1e400,"ro/om""#,
        message: .text(ByteBuffer(string: "raw \"text\"\n")), authJSON: Array(#"{"token":"t","a":{"b":[1]}}"#.utf8),
        claims: #"{"role":"admin","n":3,"https://x.example/r":"url","o":{"p":"q"}}"#,
        stateJSON: #"{"room":"7","deep":{"x":1.50}}"#,
        certificateJSON: Array(
            #"{"subject":"CN=device-7","commonName":"device-7","dns":["a.example","b.example"]}"#.utf8),
        queryItems: ["v": "1 & 2", "a.b": "dotted"], params: ["id": "acme"], rooms: ["room:7"])
}

func isValidJSON(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { (try? JSONScanner.validate($0)) != nil }
}

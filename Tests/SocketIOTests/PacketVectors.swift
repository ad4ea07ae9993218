import SocketIO
import Testing

/// Packets of a client as they are on the wire and as they are understood.
enum PacketVectors {
    struct Vector: Sendable, CustomTestStringConvertible {
        var wire: String
        var attachments: [[UInt8]] = []
        var packet: DecodedPacket

        var testDescription: String { wire }
    }

    static let connecting: [Vector] = [
        Vector(wire: "0", packet: .init(kind: .connect)),
        Vector(wire: "0/,", packet: .init(kind: .connect)),
        Vector(wire: "0/", packet: .init(kind: .connect)),
        Vector(wire: "0{}", packet: .init(kind: .connect, payload: "{}")),
        Vector(wire: #"0{"token":"123"}"#, packet: .init(kind: .connect, payload: #"{"token":"123"}"#)),
        Vector(wire: "0/chat,", packet: .init(kind: .connect, namespace: "/chat")),
        Vector(wire: "0/chat", packet: .init(kind: .connect, namespace: "/chat")),
        Vector(wire: #"0/chat,{"a":[1]}"#, packet: .init(kind: .connect, namespace: "/chat", payload: #"{"a":[1]}"#)),
        Vector(wire: "0/chat?token=x,{}", packet: .init(kind: .connect, namespace: "/chat", payload: "{}")),
        Vector(wire: "0/?token=x,{}", packet: .init(kind: .connect, payload: "{}")),
        Vector(wire: "0/a/b-1_é,", packet: .init(kind: .connect, namespace: "/a/b-1_é")),
        Vector(wire: "0/12,", packet: .init(kind: .connect, namespace: "/12")),
        Vector(wire: "1", packet: .init(kind: .disconnect)),
        Vector(wire: "1/admin,", packet: .init(kind: .disconnect, namespace: "/admin")),
        Vector(wire: "1/admin", packet: .init(kind: .disconnect, namespace: "/admin")),
    ]

    static let events: [Vector] = [
        Vector(wire: #"2["foo"]"#, packet: event(payload: #"["foo"]"#, name: "foo")),
        Vector(
            wire: #"2["foo",1,"two"]"#,
            packet: event(payload: #"["foo",1,"two"]"#, name: "foo", arguments: #"1,"two""#, count: 2)),
        Vector(
            wire: #"2/admin,["bar",null]"#,
            packet: event("/admin", payload: #"["bar",null]"#, name: "bar", arguments: "null", count: 1)),
        Vector(wire: #"212["foo"]"#, packet: event(id: 12, payload: #"["foo"]"#, name: "foo")),
        Vector(wire: #"20["foo"]"#, packet: event(id: 0, payload: #"["foo"]"#, name: "foo")),
        Vector(
            wire: #"2/admin,456["project:delete",123]"#,
            packet: event(
                "/admin", id: 456, payload: #"["project:delete",123]"#, name: "project:delete", arguments: "123",
                count: 1)),
        Vector(
            wire: #"29007199254740992["a"]"#, packet: event(id: 9_007_199_254_740_992, payload: #"["a"]"#, name: "a")),
        Vector(wire: #"2/1,2["a"]"#, packet: event("/1", id: 2, payload: #"["a"]"#, name: "a")),
        Vector(wire: #"2[""]"#, packet: event(payload: #"[""]"#, name: "")),
        Vector(
            wire: #"2["é\n",{"__proto__":{"x":1}}]"#,
            packet: event(
                payload: #"["é\n",{"__proto__":{"x":1}}]"#, name: "é\n",
                arguments: #"{"__proto__":{"x":1}}"#, count: 1)
        ),
        // Not a binary event: what looks like a placeholder is plain data.
        Vector(
            wire: #"2["a",{"_placeholder":true,"num":0}]"#,
            packet: event(
                payload: #"["a",{"_placeholder":true,"num":0}]"#, name: "a",
                arguments: #"{"_placeholder":true,"num":0}"#, count: 1)),
    ]

    /// Understood, but written otherwise by the encoder.
    static let looseEvents: [Vector] = [
        Vector(wire: "2[1,2]", packet: event(payload: "[1,2]", name: "1", arguments: "2", count: 1)),
        Vector(wire: #"2/,["foo"]"#, packet: event(payload: #"["foo"]"#, name: "foo")),
        Vector(
            wire: #"2[ "foo" , 1 ] "#,
            packet: event(payload: #"[ "foo" , 1 ] "#, name: "foo", arguments: " 1 ", count: 1)),
        Vector(wire: #"2/chat?q=1,5["a"]"#, packet: event("/chat", id: 5, payload: #"["a"]"#, name: "a")),
        Vector(wire: #"50-["a"]"#, packet: event(payload: #"["a"]"#, name: "a")),
        Vector(wire: #"60-1[]"#, packet: .init(kind: .ack, ackID: 1, payload: "[]", arguments: "")),
    ]

    static let acks: [Vector] = [
        Vector(wire: "30[]", packet: .init(kind: .ack, ackID: 0, payload: "[]", arguments: "")),
        Vector(wire: "30[null]", packet: .init(kind: .ack, ackID: 0, payload: "[null]", arguments: "null", count: 1)),
        Vector(
            wire: #"3456["a",{"b":1},3]"#,
            packet: .init(
                kind: .ack, ackID: 456, payload: #"["a",{"b":1},3]"#, arguments: #""a",{"b":1},3"#, count: 3)),
        Vector(
            wire: #"3/admin,13[{"connect":"connect"}]"#,
            packet: .init(
                kind: .ack, namespace: "/admin", ackID: 13, payload: #"[{"connect":"connect"}]"#,
                arguments: #"{"connect":"connect"}"#, count: 1)),
    ]

    static let binary: [Vector] = [
        Vector(
            wire: #"51-["hello",{"_placeholder":true,"num":0}]"#, attachments: [[1, 2, 3]],
            packet: event(
                payload: #"["hello",{"_placeholder":true,"num":0}]"#, name: "hello",
                arguments: #"{"_placeholder":true,"num":0}"#, count: 1, attachments: [[1, 2, 3]])),
        Vector(
            wire: #"52-/admin,7["x",[{"_placeholder":true,"num":1}],{"y":{"num":0,"_placeholder":true}}]"#,
            attachments: [[], [255]],
            packet: event(
                "/admin", id: 7, payload: #"["x",[{"_placeholder":true,"num":1}],{"y":{"num":0,"_placeholder":true}}]"#,
                name: "x", arguments: #"[{"_placeholder":true,"num":1}],{"y":{"num":0,"_placeholder":true}}"#, count: 2,
                attachments: [[], [255]])),
        Vector(
            wire: #"61-/admin,456[{"_placeholder":true,"num":0}]"#, attachments: [[3, 2, 1]],
            packet: .init(
                kind: .ack, namespace: "/admin", ackID: 456, payload: #"[{"_placeholder":true,"num":0}]"#,
                arguments: #"{"_placeholder":true,"num":0}"#, count: 1, attachments: [[3, 2, 1]])),
    ]

    static let all = connecting + events + looseEvents + acks + binary

    private static func event(
        _ namespace: String = "/", id: UInt64? = nil, payload: String, name: String, arguments: String = "",
        count: Int = 0, attachments: [[UInt8]] = []
    ) -> DecodedPacket {
        DecodedPacket(
            kind: .event, namespace: namespace, ackID: id, payload: payload, name: name, arguments: arguments,
            count: count, attachments: attachments)
    }
}

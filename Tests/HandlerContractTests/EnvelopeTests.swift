import Foundation
import JSONScanner
import Routing
import Testing

import struct NIOCore.ByteBuffer

@testable import HandlerContract

@Suite struct EnvelopeTests {
    private func socket() -> SocketDetails {
        SocketDetails(
            id: "mGx1", session: "c_01K", namespace: "/chat", transport: "websocket", user: "u42",
            rooms: ["mGx1", "room:7"], state: [("plan", Array(#""pro""#.utf8))],
            connectedAt: Timestamp(seconds: 1_767_225_540), remoteAddress: "203.0.113.9", isTLS: true,
            headers: [("User-Agent", "curl/8")])
    }

    private func bare() -> SocketDetails {
        SocketDetails(
            id: "a", session: "c_1", namespace: "/", transport: nil, connectedAt: Timestamp(seconds: 0),
            remoteAddress: "::1", isTLS: false)
    }

    private func input(_ content: EnvelopeInput.Content, socket: SocketDetails?) -> EnvelopeInput {
        EnvelopeInput(
            id: "evt_01KEV6X7Q2M3RS5T8W9Y0ZABCD", time: Timestamp(milliseconds: 1_767_225_600_123), route: "chat",
            node: "n1", socket: socket, content: content)
    }

    private let delivery = Delivery(mode: .request, lane: "socket:SID", sequence: 17, deadline: .milliseconds(4_800))

    private func text(_ content: EnvelopeInput.Content, socket: SocketDetails?) -> String {
        String(decoding: Envelope(input(content, socket: socket)).body(for: delivery), as: UTF8.self)
    }

    /// What follows the part that every envelope has.
    private func rest(_ content: EnvelopeInput.Content, socket: SocketDetails?) throws -> String {
        let text = text(content, socket: socket)
        _ = try JSONDocument(text)
        let marker = "\"deadlineMs\":4800}"
        let range = try #require(text.range(of: marker))
        return String(text[range.upperBound...])
    }

    @Test func `the example of the contract, key by key`() {
        let content = EnvelopeInput.Content.event(
            name: "message:new",
            arguments: Array(#"{ "text": "hi", "file": { "_placeholder": true, "num": 0 } }"#.utf8),
            attachments: [ByteBuffer(bytes: [0, 1, 2])], wantsAck: true)
        #expect(
            text(content, socket: socket()) == """
                {"v":1,"id":"evt_01KEV6X7Q2M3RS5T8W9Y0ZABCD","type":"socket.event",\
                "time":"2026-01-01T00:00:00.123Z","route":"chat","node":"n1",\
                "delivery":{"mode":"request","attempt":1,"lane":"socket:SID","seq":17,"redelivered":false,\
                "deadlineMs":4800},\
                "socket":{"id":"mGx1","session":"c_01K","namespace":"/chat","protocol":"socket.io",\
                "transport":"websocket","user":"u42","rooms":["mGx1","room:7"],"state":{"plan":"pro"},\
                "connectedAt":"2025-12-31T23:59:00Z","recovered":false,\
                "remote":{"ip":"203.0.113.9","tls":true},"headers":{"user-agent":"curl/8"}},\
                "event":"message:new",\
                "args":[{ "text": "hi", "file": { "_placeholder": true, "num": 0 } }],\
                "attachments":["AAEC"],"ack":true}
                """)
    }

    @Test func `only the delivery changes between attempts`() throws {
        let envelope = Envelope(input(.connected, socket: bare()))
        let first = try JSONDocument(envelope.body(for: delivery))
        var again = delivery
        again.mode = .atLeastOnce
        again.attempt = 3
        again.isRedelivered = true
        again.deadline = nil
        again.sequence = .max
        let third = try JSONDocument(envelope.body(for: again))
        #expect(
            third.root["delivery"]?.rawString
                == #"{"mode":"atLeastOnce","attempt":3,"lane":"socket:SID","seq":18446744073709551615,"redelivered":true}"#
        )
        for key in ["v", "id", "type", "time", "route", "node", "socket"] {
            #expect(first.root[key]?.rawString == third.root[key]?.rawString)
        }
    }

    @Test func `arguments are not touched`() throws {
        let odd = #"1e400, {"a":1,"a":2} ,"\ud800" , [ ]"#
        let rest = try rest(
            .event(name: "x", arguments: Array(odd.utf8), attachments: [], wantsAck: false), socket: nil)
        #expect(rest == #","event":"x","args":[\#(odd)],"ack":false}"#)
    }

    @Test func `an event without arguments has an empty list`() throws {
        let content = EnvelopeInput.Content.event(name: "a\"b", arguments: [], attachments: [], wantsAck: false)
        #expect(try rest(content, socket: nil) == #","event":"a\"b","args":[],"ack":false}"#)
    }

    @Test func `parts that are not there are left out`() throws {
        #expect(
            try rest(.connected, socket: bare()) == """
                ,"socket":{"id":"a","session":"c_1","namespace":"/","protocol":"socket.io","rooms":[],"state":{},\
                "connectedAt":"1970-01-01T00:00:00Z","recovered":false,"remote":{"ip":"::1","tls":false}}}
                """)
    }

    @Test func `raw messages are text or base 64`() throws {
        #expect(try rest(.message(.text(ByteBuffer(string: "hé\n"))), socket: nil) == ",\"text\":\"hé\\n\"}")
        #expect(try rest(.message(.binary(ByteBuffer(bytes: [255]))), socket: nil) == #","base64":"/w=="}"#)
    }

    @Test func `connect tells what the client sent`() throws {
        let full = EnvelopeInput.Connect(
            auth: Array(#"{"token":"t"}"#.utf8), query: [("a", "1"), ("b", "&"), ("a", "2")],
            origin: "https://x.example",
            claims: Array(#"{"sub":"u"}"#.utf8))
        #expect(
            try rest(.connect(full), socket: nil) == """
                ,"auth":{"token":"t"},"query":{"a":"2","b":"&"},"origin":"https://x.example","claims":{"sub":"u"}}
                """)
        #expect(try rest(.connect(.init()), socket: nil) == #","query":{}}"#)
    }

    @Test(arguments: DisconnectReason.allCases)
    func `disconnected tells why, and for how long it was`(reason: DisconnectReason) throws {
        let content = EnvelopeInput.Content.disconnected(reason: reason, duration: .milliseconds(61_234))
        #expect(try rest(content, socket: nil) == #","reason":"\#(reason.rawValue)","durationMs":61234}"#)
    }

    @Test func `the reasons are those of the contract`() {
        #expect(
            DisconnectReason.allCases.map(\.rawValue) == [
                "client", "transportClose", "transportError", "pingTimeout", "server", "slow", "tokenExpired", "drain",
                "nodeLost", "parseError", "rateLimited",
            ])
    }

    @Test func `refresh and rooms`() throws {
        #expect(try rest(.refresh(expiresAt: 9, claims: nil), socket: nil) == #","expiresAt":9}"#)
        #expect(try rest(.refresh(expiresAt: nil, claims: nil), socket: nil) == "}")
        #expect(
            try rest(.roomVacated(namespace: "/", room: "r"), socket: nil) == #","namespace":"/","room":"r"}"#)
    }

    @Test func `the type follows from the content`() {
        let contents: [(EnvelopeInput.Content, EventType)] = [
            (.connect(.init()), .connect), (.connected, .connected),
            (.event(name: "", arguments: [], attachments: [], wantsAck: false), .event),
            (.message(.text(ByteBuffer())), .message), (.disconnected(reason: .client, duration: .zero), .disconnected),
            (.refresh(expiresAt: nil, claims: nil), .refresh), (.roomOccupied(namespace: "/", room: ""), .roomOccupied),
            (.roomVacated(namespace: "/", room: ""), .roomVacated),
        ]
        for (content, type) in contents { #expect(input(content, socket: nil).type == type) }
        #expect(contents.count == EventType.allCases.count)
    }

    @Test func `headers that come twice are one member`() throws {
        var socket = bare()
        socket.headers = [("Cookie", "a=1"), ("X-A", "1"), ("cookie", "b=2"), ("x-a", "2")]
        let document = try JSONDocument(text(.connected, socket: socket))
        #expect(document.root["socket"]?["headers"]?.rawString == #"{"cookie":"a=1; b=2","x-a":"1, 2"}"#)
    }

    @Test(arguments: [
        (Duration.seconds(-1), 0), (.milliseconds(-1), 0), (.microseconds(1_999), 1), (.seconds(2), 2_000),
        (.seconds(Int64.max), 1 << 50),
    ])
    func `durations are whole milliseconds and never trap`(duration: Duration, milliseconds: Int) {
        #expect(duration.wholeMilliseconds == milliseconds)
    }

    @Test func `a batch is one body`() throws {
        let envelope = Envelope(input(.connected, socket: nil))
        let batch = Envelope.batch([envelope.body(for: delivery), envelope.body(for: delivery)])
        let document = try JSONDocument(batch)
        #expect(document.root["v"]?.int == 1)
        #expect(document.root["batch"]?.count == 2)
        #expect(Array(document.root["batch"]?[1]?.raw ?? []) == envelope.body(for: delivery))
        #expect(String(decoding: Envelope.batch([]), as: UTF8.self) == #"{"v":1,"batch":[]}"#)
    }
}

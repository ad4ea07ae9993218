import NIOCore
import SocketIO
import Testing

@Suite struct PacketDecoderTests {
    private static let one = #"["a",{"_placeholder":true,"num":0}]"#

    @Test(arguments: PacketVectors.all) func `every form of packet is decoded`(_ vector: PacketVectors.Vector) {
        var decoder = PacketDecoder(limits: .init())
        // Twice: the first one leaves nothing behind.
        for _ in 0..<2 {
            var outcome = decoder.decode(vector.wire)
            for attachment in vector.attachments {
                #expect(outcome == .awaiting)
                #expect(decoder.isAwaitingAttachments == true)
                outcome = decoder.decodeBinary(attachment)
            }
            #expect(outcome == .packet(vector.packet))
            #expect(decoder.isAwaitingAttachments == false)
        }
    }

    @Test(arguments: PacketVectors.all) func `bytes after a packet are refused`(_ vector: PacketVectors.Vector) {
        // A path without a comma goes on to the end, and a lone type may be followed by any part.
        guard vector.wire.hasSuffix(",") || vector.wire.hasSuffix("}") || vector.wire.hasSuffix("]") else { return }
        for garbage in ["x", "]", "[]", "\u{0}", "null", "}", "[\"a\"]"] {
            #expect(isRefused(decode(vector.wire + garbage)), "\(garbage)")
        }
    }

    @Test(arguments: PacketVectors.events + PacketVectors.acks + PacketVectors.binary)
    func `a packet that is cut short is refused`(_ vector: PacketVectors.Vector) {
        let bytes = Array(vector.wire.utf8)
        for count in bytes.indices {
            var decoder = PacketDecoder(limits: .init())
            #expect(isRefused(decoder.decode(bytes[..<count])), "\(count) bytes")
        }
    }

    @Test(arguments: ["[{\"toString\":\"foo\"}]", "[true]", "[null]", "[]", "[[\"a\"]]"])
    func `S1 an event name is a string or a number`(_ payload: String) {
        #expect(decode("2" + payload) == .refused(.invalidEventName))
        #expect(decode("50-" + payload) == .refused(.invalidEventName))
    }

    @Test(arguments: ["2{}", "2\"a\"", "2null", "2", "212", "2/chat,", "2/chat", "3", "31", "31{}", "3[]", "3/chat,[]"])
    func `S1 events and acks carry an array`(_ text: String) {
        #expect(isRefused(decode(text)))
    }

    @Test(arguments: ["10", "1", "-1", "1.5", "\"splice\"", "null", "0.0", "1e0", "99999999999999999999", "{}"])
    func `S2 a placeholder names an attachment of its packet`(_ number: String) {
        let placeholder = #"{"_placeholder":true,"num":\#(number)}"#
        #expect(decode(#"51-["a",\#(placeholder)]"#) == .refused(.invalidPlaceholder))
        #expect(decode(#"51-["a",{"_placeholder":true,"num":0},\#(placeholder)]"#) == .refused(.invalidPlaceholder))
        #expect(decode(#"61-1[\#(placeholder)]"#) == .refused(.invalidPlaceholder))
    }

    @Test func `S2 a placeholder has a number and every attachment has a placeholder`() {
        #expect(decode(#"51-["a",{"_placeholder":true}]"#) == .refused(.invalidPlaceholder))
        #expect(decode(#"51-["a"]"#) == .refused(.unusedAttachment))
        #expect(decode(#"52-["a",{"_placeholder":true,"num":1}]"#) == .refused(.unusedAttachment))
        #expect(decode(#"61-1[]"#) == .refused(.unusedAttachment))
        #expect(decode(#"50-["a",{"_placeholder":true,"num":0}]"#) == .refused(.invalidPlaceholder))
        // One attachment may be used twice.
        #expect(decode(#"51-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#) == .awaiting)
    }

    @Test func `S3 more attachments than allowed are refused at the header`() {
        #expect(decode("511-" + Self.one) == .refused(.tooManyAttachments))
        #expect(decode("59999999999-" + Self.one) == .refused(.tooManyAttachments))
        #expect(decode("5" + String(repeating: "9", count: 500_000) + "-") == .refused(.tooManyAttachments))
        #expect(decode("611-1[]") == .refused(.tooManyAttachments))
        let ten = (0..<10).map { #"{"_placeholder":true,"num":\#($0)}"# }.joined(separator: ",")
        #expect(decode(#"510-["a",\#(ten)]"#) == .awaiting)
        #expect(
            decode(#"51-["a",{"_placeholder":true,"num":0}]"#, limits: .init(maxAttachments: 0))
                == .refused(.tooManyAttachments))
        #expect(isRefused(decode("512-" + Self.one, limits: .init(maxAttachments: 100))))
    }

    @Test func `S4 a packet that announces no attachments is complete and the next binary message is stray`() {
        var decoder = PacketDecoder(limits: .init())
        guard case .packet(let packet) = decoder.decode(#"50-["a"]"#) else {
            Issue.record("not complete")
            return
        }
        #expect(packet.name == "a" && packet.attachments.isEmpty)
        #expect(decoder.isAwaitingAttachments == false)
        #expect(decoder.decodeBinary([1]) == .refused(.unexpectedBinary))
    }

    @Test func `S4 a binary message after the last attachment is stray`() {
        var decoder = PacketDecoder(limits: .init())
        #expect(decoder.decodeBinary([1]) == .refused(.unexpectedBinary))
        #expect(decoder.decode("51-" + Self.one) == .awaiting)
        guard case .packet = decoder.decodeBinary([1]) else {
            Issue.record("not complete")
            return
        }
        #expect(decoder.decodeBinary([2]) == .refused(.unexpectedBinary))
    }

    @Test func `S5 text and attachments together stay below the limit`() {
        let ten = (0..<10).map { #"{"_placeholder":true,"num":\#($0)}"# }.joined(separator: ",")
        var decoder = PacketDecoder(limits: .init())
        #expect(decoder.decode(#"510-["a",\#(ten)]"#) == .awaiting)
        #expect(decoder.decodeBinary([UInt8](repeating: 0, count: 900_000)) == .awaiting)
        #expect(decoder.decodeBinary([UInt8](repeating: 0, count: 900_000)) == .refused(.packetTooLarge))
        #expect(decoder.isAwaitingAttachments == false)
        #expect(decoder.decodeBinary([1]) == .refused(.unexpectedBinary))

        // To the byte.
        let text = "51-" + Self.one
        for (size, isRefused) in [(100 - text.utf8.count, false), (101 - text.utf8.count, true)] {
            var decoder = PacketDecoder(limits: .init(maxPacketBytes: 100))
            #expect(decoder.decode(text) == .awaiting)
            #expect(
                (decoder.decodeBinary([UInt8](repeating: 7, count: size)) == .refused(.packetTooLarge)) == isRefused)
        }
        #expect(decode(#"2["abc"]"#, limits: .init(maxPacketBytes: 7)) == .refused(.packetTooLarge))
        #expect(decode(text, limits: .init(maxPacketBytes: 10)) == .refused(.packetTooLarge))
    }

    @Test func `S5 nothing is collected before CONNECT`() {
        var decoder = PacketDecoder(limits: .init())
        #expect(
            decoder.decode(("51-" + Self.one).utf8, mayAwaitAttachments: false) == .refused(.attachmentsBeforeConnect))
        #expect(decoder.isAwaitingAttachments == false)
        #expect(decoder.decodeBinary([1]) == .refused(.unexpectedBinary))
        guard case .packet = decoder.decode("0".utf8, mayAwaitAttachments: false) else {
            Issue.record("CONNECT is refused")
            return
        }
    }

    @Test(arguments: ["0", "1", #"2["b"]"#, "51-" + one, "30[]"])
    func `S5 a text packet while attachments are awaited is refused`(_ text: String) {
        var decoder = PacketDecoder(limits: .init())
        #expect(decoder.decode("51-" + Self.one) == .awaiting)
        #expect(decoder.decode(text) == .refused(.missingAttachment))
        #expect(decoder.isAwaitingAttachments == false)
    }

    @Test(arguments: [
        "4", #"4["handle me"]"#, #"4{"message":"x"}"#, "9", "7", "5", "5woooot", "51", "5a-", "51.23-", "5-",
        #"5-["a"]"#,
        "5-1-[]", "51", "51[", #"501-["a"]"#, #"500-["a"]"#, #"51 -["a"]"#, "6", "61", "", " ", "a", "\u{0}", "/", "-",
        "{", "[",
        #"["a"]"#, "é", "2a", "2-1[\"a\"]", "2 [\"a\"]", "2[\"a\"", "2[\"a\"]]", "0[]", "0\"a\"", "0null", "0{",
        "0{}}",
        "01",
        "05{}", "0/chat,5{}", "0/chat,[]", "0 {}", "1{}", "1[]", "1/chat,{}", "15", "1 ",
    ])
    func `S6 unexpected packets are refused`(_ text: String) {
        #expect(isRefused(decode(text)))
    }

    @Test func `S6 every first byte that is not a type of a client is refused`() {
        for byte in UInt8.min...UInt8.max where !"0123".utf8.contains(byte) {
            var decoder = PacketDecoder(limits: .init())
            #expect(isRefused(decoder.decode([byte] + #"["a"]"#.utf8)))
            #expect(isRefused(decoder.decode([byte])))
        }
    }

    @Test func `S7 a large packet costs time in proportion to its size`() {
        let strings = (0..<50_000).map { _ in #""x""# }.joined(separator: ",")
        let placeholders = (0..<10).map { #"{"_placeholder":true,"num":\#($0)}"# }.joined(separator: ",")
        let text = Array(#"510-["big",[\#(strings)],\#(placeholders)]"#.utf8)
        let part = [UInt8](repeating: 1, count: 100_000)
        var packet: DecodedPacket?
        // The best of a few, since other tests run beside this one.
        var time = Duration.seconds(3600)
        for _ in 0..<5 {
            var decoder = PacketDecoder(limits: .init(maxPacketBytes: 2_000_000))
            var outcome = Outcome.awaiting
            let taken = ContinuousClock().measure {
                outcome = decoder.decode(text)
                for _ in 0..<10 { outcome = decoder.decodeBinary(part) }
            }
            time = min(time, taken)
            if case .packet(let complete) = outcome { packet = complete }
        }
        #expect(packet?.attachments.count == 10 && packet?.count == 11)
        #if DEBUG
        // Without optimisation only the order of magnitude says anything.
        #expect(time < .seconds(5))
        #else
        #expect(time < .milliseconds(20))
        #endif
    }

    @Test(arguments: ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"])
    func `S8 reserved names are refused however they are written`(_ name: String) {
        let escaped = name.utf8.map { "\\u00" + String($0, radix: 16) }.joined()
        for json in [
            "\"\(name)\"", "\"\(escaped)\"", "\"\(name.dropLast())\\u00\(String(name.utf8.last ?? 0, radix: 16))\"",
        ] {
            #expect(decode("2[\(json)]") == .refused(.reservedEventName))
            #expect(decode("2/chat,1[\(json),1]") == .refused(.reservedEventName))
            #expect(decode("50-[\(json)]") == .refused(.reservedEventName))
        }
        for similar in [name + "s", name.uppercased(), " " + name, String(name.dropLast())] {
            #expect(!isRefused(decode("2[\"\(similar)\"]")) || ReservedEventName.contains(similar))
        }
        // An ack has no name.
        #expect(!isRefused(decode("31[\"\(name)\"]")))
    }

    @Test func `S11 a namespace has at most 128 bytes and is text`() {
        let longest = "/" + String(repeating: "n", count: 127)
        #expect(decode("0\(longest),") == .packet(.init(kind: .connect, namespace: longest)))
        #expect(decode("0\(longest)?token=1234,") == .packet(.init(kind: .connect, namespace: longest)))
        #expect(decode("0\(longest)n,") == .refused(.namespaceTooLong))
        #expect(decode("0/" + String(repeating: "n", count: 500_000)) == .refused(.namespaceTooLong))
        #expect(decode("0/a\u{0}b,") == .refused(.invalidNamespace))
        #expect(decode("0/a\u{7F},") == .refused(.invalidNamespace))
        var decoder = PacketDecoder(limits: .init())
        #expect(decoder.decode(Array("0/".utf8) + [0xFF] + ",".utf8) == .refused(.invalidNamespace))
        #expect(decoder.decode(Array("0/".utf8) + [0xC3]) == .refused(.invalidNamespace))
    }

    @Test(arguments: [
        "4299999999999999999999[\"a\"]", "9007199254740993[\"a\"]", "18446744073709551616[\"a\"]", "00[\"a\"]",
        "01[\"a\"]",
        "-1[\"a\"]", "1.5[\"a\"]", "1e3[\"a\"]",
    ])
    func `S12 an ack id counts to 2^53`(_ rest: String) {
        #expect(isRefused(decode("2" + rest)))
        #expect(isRefused(decode("3" + rest)))
        #expect(isRefused(decode("2/chat," + rest)))
    }

    @Test func `S12 an ack id of any length is refused`() {
        #expect(decode("2" + String(repeating: "9", count: 500_000) + "[\"a\"]") == .refused(.invalidAckID))
        #expect(decode("2" + String(repeating: "0", count: 500_000) + "[\"a\"]") == .refused(.invalidAckID))
    }

    @Test func `S13 depth 64 passes and a depth bomb is refused`() {
        let passes = "2[\"a\"," + String(repeating: "[", count: 63) + String(repeating: "]", count: 63) + "]"
        #expect(!isRefused(decode(passes)))
        let fails = "2[\"a\"," + String(repeating: "[", count: 64) + String(repeating: "]", count: 64) + "]"
        #expect(decode(fails) == .refused(.invalidPayload(.tooDeep(at: 68))))
        for start in ["2[\"a\",", "31", "0{\"a\":", "50-[\"a\",", "51-[\"a\","] {
            #expect(isRefused(decode(start + String(repeating: "[", count: 500_000))))
            #expect(isRefused(decode(start + String(repeating: "{\"a\":", count: 100_000))))
        }
        let connect = "0" + String(repeating: "{\"a\":", count: 64) + "1" + String(repeating: "}", count: 64)
        #expect(!isRefused(decode(connect)))
        #expect(isRefused(decode("0{\"a\":" + connect.dropFirst() + "}")))
    }

    @Test func `S14 arguments are passed on byte for byte`() throws {
        let arguments = #"1e400,12345678901234567890,{"a":1,"a":2},"\ud800","\u0000""#
        guard case .packet(let packet) = decode(#"2["m",\#(arguments)]"#) else {
            Issue.record("refused")
            return
        }
        #expect(packet.arguments == arguments)
        var echo = ByteBuffer()
        PacketEncoder.event(namespace: "/", name: "m", arguments: Array(arguments.utf8), into: &echo)
        #expect(String(buffer: echo) == #"2["m",\#(arguments)]"#)
    }

    @Test func `S15 prototype keys are passed on as they are`() {
        let arguments = #"{"__proto__":{"x":1}},{"constructor":{"prototype":{"x":1}}}"#
        guard case .packet(let packet) = decode(#"2["__proto__",\#(arguments)]"#) else {
            Issue.record("refused")
            return
        }
        #expect(packet.name == "__proto__" && packet.arguments == arguments && packet.count == 2)
    }

    @Test func `an idle decoder is small`() {
        #expect(MemoryLayout<PacketDecoder.Limits>.size <= 12)
        #expect(MemoryLayout<PacketDecoder>.size <= 24)
    }

    @Test func `a completed packet stays readable until the next call and can be let go early`() throws {
        var decoder = PacketDecoder(limits: .init())
        #expect(decoder.decode("51-" + Self.one) == .awaiting)
        let packet = try [1, 2].withUnsafeBytes { (raw) throws(PacketError) in try decoder.decode(binary: raw) }
        #expect(packet.map { DecodedPacket($0).payload } == Self.one)
        decoder.releaseLastPacket()
        #expect(decoder.isAwaitingAttachments == false)
        #expect(decoder.decode("51-" + Self.one) == .awaiting)
        decoder.releaseLastPacket()
        #expect(decoder.isAwaitingAttachments == true)
    }

    @Test func `reasons name no bytes of the client`() {
        guard case .refused(let error) = decode(#"2["secret",}"#) else {
            Issue.record("accepted")
            return
        }
        #expect(error.reason == "invalid payload: unexpected character at byte 10")
    }
}

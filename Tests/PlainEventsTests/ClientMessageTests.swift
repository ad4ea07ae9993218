import JSONScanner
import Testing

@testable import PlainEvents

@Suite struct ClientMessageTests {
    private func decode(_ text: String) throws(ClientMessageError) -> String {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { bytes -> Result<String, ClientMessageError> in
            do throws(ClientMessageError) {
                switch try ClientMessage(bytes) {
                case .event(let name, let arguments, let ackID):
                    let ack = ackID.map { " ack \($0)" } ?? ""
                    return .success("\(name)(\(String(decoding: arguments, as: UTF8.self)))\(ack)")
                case .answer(let id, let arguments):
                    return .success("answer \(id) (\(String(decoding: arguments, as: UTF8.self)))")
                }
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    @Test(arguments: [
        (#"{"event":"say","args":["lobby", {"a":[1]}],"ack":7}"#, #"say("lobby", {"a":[1]}) ack 7"#),
        (#" { "ack" : 0 , "event" : "x" } "#, "x() ack 0"),
        (#"{"event":"x","args":[]}"#, "x()"),
        ("{\"event\":\"x\",\"args\":[ \n ]}", "x()"),
        (#"{"event":"x","ack":null}"#, "x()"),
        (#"{"event":"a\"bé","args":[null]}"#, "a\"bé(null)"),
        (#"{"event":"old","event":"new"}"#, "new()"),
        (#"{"ev\u0065nt":"x"}"#, "x()"),
        (#"{"ack":9007199254740992,"args":[1,2]}"#, "answer 9007199254740992 (1,2)"),
        (#"{"event":"x","id":"mine","meta":{"event":"no"}}"#, "x()"),
    ])
    func `events and answers are understood`(text: String, meaning: String) throws {
        #expect(try self.decode(text) == meaning)
    }

    @Test(arguments: [
        ("", "not JSON: unexpected end of input"),
        ("hello", "not JSON: unexpected character"),
        (#"{"event":"x""#, "not JSON: unexpected end of input"),
        (#"{"event":"x"} {}"#, "not JSON: something follows the end of the value"),
        (#"{"event":"x",}"#, "not JSON: unexpected character"),
        (#"{event:"x"}"#, "not JSON: unexpected character"),
        ("{\"event\":\"a\nb\"}", "not JSON: control character or unknown escape in a string"),
        ("[]", "a message is an object"),
        ("null", "a message is an object"),
        ("{}", "\"event\" is missing"),
        (#"{"args":[1]}"#, "\"event\" is missing"),
        (#"{"event":1}"#, "\"event\" is not a string"),
        (#"{"event":""}"#, "\"event\" is empty"),
        (#"{"event":"x","args":{}}"#, "\"args\" is not a list"),
        (#"{"event":"x","args":"[]"}"#, "\"args\" is not a list"),
        (#"{"event":"x","ack":-1}"#, "\"ack\" is not a whole number"),
        (#"{"event":"x","ack":"1"}"#, "\"ack\" is not a whole number"),
        (#"{"event":"x","ack":1e3}"#, "\"ack\" is not a whole number"),
        (#"{"event":"x","ack":9007199254740993}"#, "\"ack\" is not a whole number"),
        (#"{"event":"x","ack":99999999999999999999999999}"#, "\"ack\" is not a whole number"),
    ])
    func `what is none is refused with a reason`(text: String, reason: String) {
        #expect(performing: { try self.decode(text) }, throws: { ($0 as? ClientMessageError)?.reason == reason })
    }

    @Test func `depth and length have limits`() {
        let deep = String(repeating: "[", count: 65) + String(repeating: "]", count: 65)
        #expect(throws: ClientMessageError.notJSON(.tooDeep(at: 83))) {
            try self.decode(#"{"event":"x","args":\#(deep)}"#)
        }
        let long = String(repeating: "n", count: ClientMessage.maxNameBytes + 1)
        #expect(throws: ClientMessageError.notAMessage("\"event\" is too long")) {
            try self.decode(#"{"event":"\#(long)"}"#)
        }
    }

    @Test func `every cut and every changed byte of a message is either understood or refused`() {
        let message = Array(#"{"event":"say\n","args":["lobby",{"a":[1,true,null]},"é"],"ack":7}"#.utf8)
        for end in 0..<message.count { self.feed(Array(message[..<end])) }
        for index in message.indices {
            for byte in [0x00, 0x22, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x80, 0xFF] as [UInt8] {
                var changed = message
                changed[index] = byte
                self.feed(changed)
            }
        }
    }

    private func feed(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            guard let message = try? ClientMessage(bytes) else { return }
            let arguments: UnsafeRawBufferPointer
            switch message {
            case .event(_, let given, _), .answer(_, let given): arguments = given
            }
            var list: [UInt8] = [UInt8(ascii: "[")]
            list += arguments
            list.append(UInt8(ascii: "]"))
            #expect(throws: Never.self) { try list.withUnsafeBytes { try JSONScanner.validate($0) } }
        }
    }
}

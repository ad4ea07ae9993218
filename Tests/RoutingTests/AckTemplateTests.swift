import JSONScanner
import Routing
import Testing
import struct NIOCore.ByteBuffer

@Suite struct AckTemplateTests {
    private func render(
        _ json: String, _ source: EventSample = .full, attachments: [ByteBuffer] = []
    ) throws -> (json: String, attachments: [String]) {
        let ack = try AckTemplate.compile(JSONDocument(json).root, pointer: "/ack").get()
        var buffer = ByteBuffer(string: "431[")
        var attachments = attachments
        try ack.render(into: &buffer, attachments: &attachments, source)
        return (String(String(buffer: buffer).dropFirst(4)), attachments.map { String(buffer: $0) })
    }

    @Test func `a list of values is the arguments of the callback`() throws {
        #expect(try render(#"[ {"ok":true} ]"#).json == #"{"ok":true}"#)
        #expect(try render("[]").json == "")
        #expect(try render(#"[1e400 , "{args.1}","room:{args.1}"]"#).json == #"1e400,7,"room:7""#)
    }

    @Test func `all arguments come back as they came`() throws {
        #expect(try render(#""{args}""#).json == EventSample.full.arguments)
        #expect(try render(#""{args}""#, EventSample()).json == "")
        #expect(try render(#"["{args}"]"#, EventSample()).json == "[]")
    }

    @Test func `binary comes back as well, numbered on from what is there`() throws {
        let source = EventSample(arguments: #"1,{"_placeholder":true,"num":0}"#, attachments: [ByteBuffer(string: "a")])
        let alone = try render(#""{args}""#, source)
        #expect(alone.json == #"1,{"_placeholder":true,"num":0}"#)
        #expect(alone.attachments == ["a"])
        let after = try render(#""{args}""#, source, attachments: [ByteBuffer(string: "first")])
        #expect(after.json == #"1,{"_placeholder":true,"num":1}"#)
        #expect(after.attachments == ["first", "a"])
    }

    @Test func `a failed ack leaves nothing behind`() throws {
        let ack = try AckTemplate.compile(JSONDocument(#"["{user}","{args.9}"]"#).root, pointer: "/ack").get()
        var buffer = ByteBuffer(string: "x")
        var attachments: [ByteBuffer] = []
        #expect(throws: TemplateError(pointer: "/ack/1", expression: "{args.9}", reason: .missing)) {
            try ack.render(into: &buffer, attachments: &attachments, EventSample.full)
        }
        #expect(String(buffer: buffer) == "x")
    }

    @Test(arguments: [
        ("{}", "/ack: must be a list or \"{args}\", is an object"),
        (#""{args.0}""#, "/ack: must be a list or \"{args}\", is a string"),
        (#"[{"_placeholder":true,"num":0}]"#, "/ack/0: the placeholder has no attachment"),
        (#"["{"]"#, "/ack/0: \"{\" without \"}\"; a literal brace is written {{"),
    ])
    func `anything else is an error`(json: String, message: String) throws {
        guard case .failure(let errors) = AckTemplate.compile(try JSONDocument(json).root, pointer: "/ack") else {
            Issue.record("\(json) compiled")
            return
        }
        #expect(errors.all.map(\.description) == [message])
    }
}

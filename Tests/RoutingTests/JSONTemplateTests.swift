import JSONScanner
import Routing
import Testing
import struct NIOCore.ByteBuffer

@Suite struct JSONTemplateTests {
    private static func render(
        _ json: String, _ source: EventSample = .full, attachments: [ByteBuffer] = []
    ) throws -> (json: String, attachments: [String]) {
        let template = try JSONTemplate.compile(JSONDocument(json).root, pointer: "/args").get()
        var bytes: [UInt8] = []
        var attachments = attachments
        try template.render(into: &bytes, attachments: &attachments, from: source)
        return (String(decoding: bytes, as: UTF8.self), attachments.map { String(buffer: $0) })
    }

    private static let values: [(String, String)] = [
        // Literals stay as they are written, without the blanks between them.
        (#"{"a" : 1e400, "a":[ ] ,"\u0061":"\ud800 \" , x"}"#, #"{"a":1e400,"a":[],"\u0061":"\ud800 \" , x"}"#),
        ("  12345678901234567890 ", "12345678901234567890"), ("null", "null"), (#""a{{b}}""#, #""a{b}""#),
        // One expression is the value itself.
        (#""{args.1}""#, "7"), (#""{args.2}""#, "null"), (#""{args.3}""#, #""\ud800x""#), (#""{args.4}""#, "1e400"),
        (#""{args.0}""#, #"{"text":"h\"i","n":[10,{"deep":true}],"k.e~y":1}"#),
        (#""{args.0.n}""#, #"[10,{"deep":true}]"#),
        (#""{args}""#, "[" + EventSample.full.arguments + "]"),
        (#"["{args}"]"#, "[[" + EventSample.full.arguments + "]]"),
        (#""{user}""#, #""u42""#), (#""{event}""#, #""message""#), (#""{message}""#, #""raw \"text\"\n""#),
        (#""{auth}""#, #"{"token":"t","a":{"b":[1]}}"#), (#""{state.deep}""#, #"{"x":1.50}"#),
        (#""{query.v}""#, #""1 & 2""#),
        (#""\u007buser}""#, #""u42""#),
        // In a longer string it is text.
        (#""a{args.1}b""#, #""a7b""#), (#""<{args.0.text}>""#, #""<h\"i>""#), (#""{args.3}!""#, #""\ud800x!""#),
        (#""{message}{message}""#, #""raw \"text\"\nraw \"text\"\n""#), (#""é\n{user}\"""#, #""é\nu42\"""#),
        // Anywhere, also in keys.
        (#"[ {"{user}":{"x":["{args.1}" , "y"]}} ]"#, #"[{"u42":{"x":[7,"y"]}}]"#),
        (#"{"{args.1}":"{args.1}"}"#, #"{"7":7}"#),
        (#"{"q{args.0.text}":0}"#, #"{"qh\"i":0}"#),
    ]

    @Test(arguments: values)
    func `templates in JSON become JSON`(json: String, expected: String) throws {
        let rendered = try Self.render(json)
        #expect(rendered.json == expected)
        #expect(rendered.attachments.isEmpty)
        #expect(isValidJSON(Array(rendered.json.utf8)))
    }

    @Test func `auth is an empty object when the client sent none`() throws {
        #expect(try Self.render(#""{auth}""#, EventSample()).json == "{}")
    }

    @Test func `all arguments of an event without any are an empty array`() throws {
        #expect(try Self.render(#""{args}""#, EventSample()).json == "[]")
    }

    @Test func `a failed rendering leaves nothing behind`() throws {
        let template = try JSONTemplate.compile(JSONDocument(#"["{user}","{args.9}"]"#).root, pointer: "/args").get()
        var bytes: [UInt8] = [1]
        var attachments: [ByteBuffer] = []
        #expect(throws: TemplateError(pointer: "/args/1", expression: "{args.9}", reason: .missing)) {
            try template.render(into: &bytes, attachments: &attachments, from: EventSample.full)
        }
        #expect(bytes == [1])
    }

    @Test(arguments: [
        (#"{"a":{"b/c":["x","y{args.2}"]}}"#, "/args/a/b~1c/1", "{args.2}"),
        (#"{"{args.0}":1}"#, "/args/{args.0}", "{args.0}"),
    ])
    func `an error points to the string`(json: String, pointer: String, expression: String) throws {
        #expect(throws: TemplateError(pointer: pointer, expression: expression, reason: .notText)) {
            try Self.render(json)
        }
    }

    @Test func `every ill-formed template is reported with its place`() throws {
        let document = try JSONDocument(#"{"a":"{x}","b":["{user","ok"],"{":1}"#)
        guard case .failure(let errors) = JSONTemplate.compile(document.root, pointer: "/args") else {
            Issue.record("compiled")
            return
        }
        #expect(errors.all.map(\.pointer) == ["/args/a", "/args/b/0", "/args/{"])
        #expect(errors.all.map(\.range) == [5..<10, 16..<23, 30..<33])
    }
}

/// Binary in what is filled in.
@Suite struct JSONTemplateBinaryTests {
    private let binary = EventSample(
        arguments:
            #"{"a":{"_placeholder":true,"num":1}},{"num":0,"_placeholder":true},{"_placeholder":true,"num":7},"x""#,
        attachments: [ByteBuffer(string: "zero"), ByteBuffer(string: "one")])

    private func render(_ json: String, _ source: EventSample) throws -> (json: String, attachments: [String]) {
        let template = try JSONTemplate.compile(JSONDocument(json).root, pointer: "/p").get()
        var bytes: [UInt8] = []
        var attachments: [ByteBuffer] = []
        try template.render(into: &bytes, attachments: &attachments, from: source)
        return (String(decoding: bytes, as: UTF8.self), attachments.map { String(buffer: $0) })
    }

    @Test func `attachments come along and are numbered anew in the order in which they appear`() throws {
        let rendered = try render(#"["{args.0}","{args.1}"]"#, binary)
        #expect(rendered.json == #"[{"a":{"_placeholder":true,"num":0}},{"_placeholder":true,"num":1}]"#)
        #expect(rendered.attachments == ["one", "zero"])
    }

    @Test func `only attachments that are named come along, each once`() throws {
        let rendered = try render(#"["{args.0.a}","{args.0}","{args.3}"]"#, binary)
        #expect(rendered.json == #"[{"_placeholder":true,"num":0},{"a":{"_placeholder":true,"num":0}},"x"]"#)
        #expect(rendered.attachments == ["one"])
        #expect(try render(#""{args.3}""#, binary).attachments == [])
    }

    @Test func `a placeholder without its attachment fails`() {
        #expect(throws: TemplateError(pointer: "/p", expression: "{args.2}", reason: .binary)) {
            try render(#""{args.2}""#, binary)
        }
        #expect(throws: TemplateError(pointer: "/p", expression: "{args}", reason: .binary)) {
            try render(#""{args}""#, binary)
        }
    }

    @Test func `in an event without binary a placeholder is an object like any other`() throws {
        let plain = EventSample(arguments: #"{"_placeholder":true,"num":5}"#)
        let rendered = try render(#"["{args.0}"]"#, plain)
        #expect(rendered.json == #"[{"_placeholder":true,"num":5}]"#)
        #expect(rendered.attachments == [])
    }

    @Test func `an object that looks like a placeholder cannot slip in beside real binary`() {
        var source = EventSample(arguments: #"{"_placeholder":true,"num":5}"#)
        source.message = .binary(ByteBuffer(string: "bytes"))
        #expect(throws: TemplateError.self) { try render(#"["{args.0}","{message}"]"#, source) }
        source.arguments = #""_placeholder",true,9"#
        #expect(throws: TemplateError.self) {
            try render(#"[{"{args.0}":"{args.1}","num":"{args.2}"},"{message}"]"#, source)
        }
    }

    @Test func `a binary message becomes an attachment, and is no text`() throws {
        var source = EventSample()
        source.message = .binary(ByteBuffer(string: "bytes"))
        let rendered = try render(#"{"m":"{message}"}"#, source)
        #expect(rendered.json == #"{"m":{"_placeholder":true,"num":0}}"#)
        #expect(rendered.attachments == ["bytes"])
        #expect(throws: TemplateError(pointer: "/p", expression: "{message}", reason: .notText)) {
            try render(#""x{message}""#, source)
        }
    }
}

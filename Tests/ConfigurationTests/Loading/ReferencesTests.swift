import Testing

@testable import Configuration

@Suite struct ReferencesTests {
    private let references = References(
        environment: { ["A": "alpha", "B": "${env:A}", "EMPTY": ""][$0] },
        readFile: {
            ["/etc/gatehouse/key": "k\n", "/run/key": "r\r\n", "/run/two": "a\n\n", "/run/nul": "\0"][$0].map {
                Array($0.utf8)
            }
        },
        directory: "/etc/gatehouse")

    @Test(arguments: [
        ("plain", "plain"), ("${env:A}", "alpha"), ("<${env:A}>", "<alpha>"), ("${env:A}${env:A}", "alphaalpha"),
        ("${env:EMPTY}", ""), ("$${env:A}", "$alpha"), ("${}", "${}"), ("${x}", "${x}"), ("$", "$"), ("${", "${"),
        ("${file:key}", "k"), ("${file:/run/key}", "r"), ("${file:/run/two}", "a\n"),
    ])
    func `references are filled in, other text is left alone`(_ text: String, _ expected: String) throws {
        #expect(try references.resolve(text, place: .file(offset: 0)) == expected)
    }

    @Test func `what a reference brings in is not looked at again`() throws {
        #expect(try references.resolve("${env:B}", place: .builtIn) == "${env:A}")
    }

    @Test(arguments: [
        ("${env:NO}", "the environment variable NO is not set"), ("${file:no}", "the file no cannot be read"),
        ("${env:A", "a reference is not closed: \"}\" is missing"), ("${env:}", "a reference names nothing"),
        ("${vault:x}", "unknown reference \"${vault:…}\"; use ${env:NAME} or ${file:PATH}"),
        ("${file:/run/nul}", "the file /run/nul is not UTF-8 text"),
    ])
    func `a reference that leads nowhere says so`(_ text: String, _ message: String) {
        #expect(throws: References.Failure(message: message)) { try references.resolve(text, place: .file(offset: 0)) }
    }

    @Test func `a file that is no text or too large is refused`() {
        let references = References(
            environment: { _ in nil },
            readFile: { $0 == "/big" ? [UInt8](repeating: 0x61, count: References.maxBytes + 1) : [0xFF] },
            directory: "/")
        #expect(throws: References.Failure(message: "the file /big is larger than 1 MiB")) {
            try references.resolve("${file:/big}", place: .builtIn)
        }
        #expect(throws: References.Failure(message: "the file x is not UTF-8 text")) {
            try references.resolve("${file:x}", place: .builtIn)
        }
    }

    @Test func `a relative path belongs to the file that names it`() {
        #expect(references.absolute("a/b", place: .file(offset: 3)) == "/etc/gatehouse/a/b")
        #expect(references.absolute("/a", place: .file(offset: 3)) == "/a")
        #expect(references.absolute("a", place: .environment("X")) == "a")
        #expect(references.absolute("a", place: .override("x")) == "a")
    }
}

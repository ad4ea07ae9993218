import JSONScanner
import Routing
import Testing

@Suite struct RequirementTests {
    private func compile(_ json: String) throws -> Result<Requirement, ActionErrors> {
        Requirement.compile(try JSONDocument(json).root, pointer: "/require")
    }

    private static let source: EventSample = {
        var source = EventSample.full
        source.claims =
            #"{"role":"member","groups":["a","b",3],"n":1.0,"ok":true,"realm":{"role":"x"},"d.e":"dotted","obj":{}}"#
        source.rooms = ["room:7", "mGx1"]
        return source
    }()

    private static let met: [String] = [
        "{}", #"{"user":true}"#, #"{"user":"u42"}"#, #"{"user":["a","u42"]}"#,
        #"{"user":["{args.9}","u42"],"_note":1}"#,
        #"{"claims":{}}"#, #"{"claims":{"role":"member"}}"#, #"{"claims":{"role":["admin","member"]}}"#,
        #"{"claims":{"groups":"b"}}"#,
        #"{"claims":{"groups":["z",3]}}"#, #"{"claims":{"n":1}}"#, #"{"claims":{"ok":true}}"#,
        #"{"claims":{"realm.role":"x"}}"#,
        #"{"claims":{"d.e":"dotted"}}"#, #"{"inRoom":"room:{args.1}"}"#, #"{"inRoom":["nope","{args.9}","room:7"]}"#,
        #"{"inRoom":"{socket.id}"}"#, #"{"certificate":true}"#, #"{"certificate":{"commonName":["x","device-7"]}}"#,
        #"{"certificate":{"dns":"b.example","subject":"CN=device-7"}}"#,
        #"{"user":true,"claims":{"role":"member","ok":true},"inRoom":"room:7"}"#,
    ]

    @Test(arguments: met)
    func `a requirement is met`(json: String) throws {
        let requirement = try compile(json).get()
        #expect(requirement.isMet(by: Self.source))
        #expect(requirement.firstUnmet(by: Self.source) == nil)
    }

    private static let unmet: [(String, String)] = [
        (#"{"user":"u43"}"#, "user"), (#"{"user":["a","b"]}"#, "user"), (#"{"user":"{args.0.none}"}"#, "user"),
        (#"{"claims":{"role":"admin"}}"#, "claims.role"), (#"{"claims":{"role":"member","none":"x"}}"#, "claims.none"),
        (#"{"claims":{"ok":false}}"#, "claims.ok"), (#"{"claims":{"ok":"true"}}"#, "claims.ok"),
        (#"{"claims":{"n":2}}"#, "claims.n"),
        (#"{"claims":{"n":"1.0"}}"#, "claims.n"), (#"{"claims":{"obj":"x"}}"#, "claims.obj"),
        (#"{"claims":{"groups":["c"]}}"#, "claims.groups"),
        (#"{"claims":{"realm.none":"x"}}"#, "claims.realm.none"), (#"{"inRoom":"room:8"}"#, "inRoom"),
        (#"{"inRoom":"room:{args.9}"}"#, "inRoom"),
        (#"{"certificate":{"commonName":"device-8"}}"#, "certificate.commonName"),
        (#"{"certificate":{"commonName":"device-7","email":"x"}}"#, "certificate.email"),
        (#"{"inRoom":"{args.0}"}"#, "inRoom"), (#"{"user":true,"claims":{"role":"x"},"inRoom":"y"}"#, "claims.role"),
    ]

    @Test(arguments: unmet)
    func `a requirement is not met, and it is known which part`(json: String, part: String) throws {
        let requirement = try compile(json).get()
        #expect(!requirement.isMet(by: Self.source))
        #expect(requirement.firstUnmet(by: Self.source)?.description == part)
    }

    @Test func `nobody is no user`() throws {
        let nobody = EventSample(user: nil)
        #expect(try !compile(#"{"user":true}"#).get().isMet(by: nobody))
        #expect(try !compile(#"{"user":["u42"]}"#).get().isMet(by: nobody))
        #expect(try !compile(#"{"claims":{"role":"x"}}"#).get().isMet(by: nobody))
        #expect(try !compile(#"{"certificate":true}"#).get().isMet(by: nobody))
        #expect(try compile(#"{"certificate":true}"#).get().firstUnmet(by: nobody)?.description == "certificate")
        #expect(try compile("{}").get().isMet(by: nobody))
    }

    @Test func `users are compared by their bytes`() throws {
        #expect(try !compile("{\"user\":\"\u{E9}\"}").get().isMet(by: EventSample(user: "e\u{301}")))
    }

    private static let mistakes: [(String, [String])] = [
        ("[]", ["/require: must be an object, is a list"]),
        (
            #"{"role":1,"inroom":"x"}"#,
            [
                "/require/role: unknown key \"role\" (known: user, claims, certificate, inRoom)",
                "/require/inroom: unknown key \"inroom\"; did you mean \"inRoom\"?",
            ]
        ),
        (#"{"user":false}"#, ["/require/user: must be true, a user or a list of users, is false"]),
        (#"{"user":[]}"#, ["/require/user: an empty list is never met"]),
        (#"{"user":["a",1]}"#, ["/require/user/1: must be a string, is a number"]),
        (#"{"claims":"role"}"#, ["/require/claims: must be an object, is a string"]),
        (#"{"claims":{"role":[]}}"#, ["/require/claims/role: an empty list is never met"]),
        (
            #"{"claims":{"role":["a",null],"o/p":{}}}"#,
            [
                "/require/claims/role/1: must be a string, a number or a boolean, is null",
                "/require/claims/o~1p: must be a string, a number or a boolean, is an object",
            ]
        ),
        (#"{"inRoom":"{x"}"#, ["/require/inRoom: \"{\" without \"}\"; a literal brace is written {{"]),
        (#"{"inRoom":""}"#, ["/require/inRoom: must not be empty"]),
    ]

    @Test(arguments: mistakes)
    func `mistakes are reported with their place`(json: String, messages: [String]) throws {
        guard case .failure(let errors) = try compile(json) else {
            Issue.record("\(json) compiled")
            return
        }
        #expect(errors.all.map(\.description) == messages)
    }
}

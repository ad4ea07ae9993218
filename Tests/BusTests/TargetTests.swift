import Bus
import Testing

@Suite struct TargetTests {
    @Test func `a target without a clause is empty, whatever it excludes`() {
        #expect(Target().isEmpty)
        #expect(Target(except: Exclusion(rooms: ["a"])).isEmpty)
        #expect(!Target(all: true).isEmpty)
        #expect(!Target(rooms: ["a"]).isEmpty)
        #expect(!Target(users: ["a"]).isEmpty)
        #expect(!Target.socket("a").isEmpty)
    }

    @Test func `an exclusion is empty when it names nobody`() {
        #expect(Exclusion().isEmpty)
        #expect(!Exclusion(users: ["u"]).isEmpty)
        #expect(!Exclusion(rooms: ["u"]).isEmpty)
        #expect(!Exclusion(sockets: ["u"]).isEmpty)
    }
}

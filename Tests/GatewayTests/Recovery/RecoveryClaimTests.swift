import Bus
import Testing

@testable import Gateway

@Suite struct RecoveryClaimTests {
    private let pid = "AAAAAAAAAAAAAAAAAAAAAAAA"

    private func claim(_ json: String) -> RecoveryClaim? { RecoveryClaim(auth: Array(json.utf8)) }

    @Test func `a pid alone claims the session from its start`() throws {
        let epoch = try #require(Epoch(rawValue: 1))
        for json in [#"{"pid":"\#(pid)"}"#, #"{"pid":"\#(pid)","offset":null,"token":"x"}"#] {
            #expect(try self.claim(json)?.sequence(in: epoch) == nil)
            #expect(self.claim(json)?.pid.string == self.pid)
        }
    }

    @Test func `an offset counts in its own epoch`() throws {
        let epoch = try #require(Epoch(rawValue: 1))
        let other = try #require(Epoch(rawValue: 2))
        let claim = try #require(
            self.claim(#"{"pid":"\#(pid)","offset":"\#(Offset(epoch: epoch, sequence: 7).text)"}"#))
        #expect(try claim.sequence(in: epoch) == 7)
        #expect(throws: RecoveryRefusal.invalidOffset) { try claim.sequence(in: other) }
    }

    @Test(arguments: [#""""#, "1", "{}", #""0""#, #""\u0030""#, "[]", "true"])
    func `S17 what is no offset is refused, not passed over`(offset: String) throws {
        let claim = try #require(self.claim(#"{"pid":"\#(pid)","offset":\#(offset)}"#))
        let epoch = try #require(Epoch(rawValue: 1))
        #expect(throws: RecoveryRefusal.invalidOffset) { try claim.sequence(in: epoch) }
    }

    @Test(arguments: ["", "{}", "[]", "null", #"{"pid":1}"#, #"{"pid":""}"#, #"{"pid":"x"}"#, #"{"PID":"AAAA"}"#])
    func `without a pid there is no claim`(json: String) {
        #expect(self.claim(json)?.pid.string == nil)
    }
}

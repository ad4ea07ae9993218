import Testing

@testable import HandlerContract

@Suite struct WebhookSignatureTests {
    private static let oldText = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    private static let newText = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
    private static let golden = "v1,fRkg3ugWVHCIoqhFzeisaYE0ZZKnQ2DuJbOoI/16sm4="
    private let body = Array(#"{"type":"message","id":"evt_01"}"#.utf8)
    private let now = Timestamp(seconds: 1_767_225_600)
    private let oldKey: SigningKey
    private let newKey: SigningKey

    init() throws {
        oldKey = try SigningKey(Self.oldText)
        newKey = try SigningKey(Self.newText)
    }

    private func verify(
        _ header: String, with signature: WebhookSignature, timestamp: String = "1767225600", id: String = "evt_01",
        body: [UInt8]? = nil, now: Timestamp? = nil
    ) throws(WebhookVerificationError) {
        try signature.verify(
            header: header, id: id, timestamp: timestamp, body: body ?? self.body, now: now ?? self.now)
    }

    @Test func `the golden vector of the contract`() throws {
        let signature = WebhookSignature(current: oldKey)
        #expect(signature.header(id: "evt_01", timestamp: 1_767_225_600, body: body) == Self.golden)
        try verify(Self.golden, with: signature)
    }

    @Test func `while keys rotate, receivers with either key accept`() throws {
        let rotating = WebhookSignature(current: newKey, previous: oldKey)
        let header = rotating.header(id: "evt_01", timestamp: 1_767_225_600, body: body)
        #expect(header.split(separator: " ").count == 2)
        #expect(header.hasSuffix(" " + Self.golden))
        try verify(header, with: WebhookSignature(current: oldKey))
        try verify(header, with: WebhookSignature(current: newKey))
        try verify(Self.golden, with: rotating)
        #expect(throws: WebhookVerificationError.mismatch) {
            try verify(Self.golden, with: WebhookSignature(current: newKey))
        }
    }

    @Test(
        arguments: [
            (-360, WebhookVerificationError.tooNew), (-301, .tooNew), (-300, nil), (0, nil), (300, nil), (301, .tooOld),
            (360, .tooOld),
        ] as [(Int64, WebhookVerificationError?)])
    func `a request is good for five minutes either way`(skew: Int64, error: WebhookVerificationError?) {
        var thrown: WebhookVerificationError?
        let later = Timestamp(seconds: now.seconds + skew)
        do throws(WebhookVerificationError) {
            try verify(Self.golden, with: WebhookSignature(current: oldKey), now: later)
        } catch {
            thrown = error
        }
        #expect(thrown == error)
    }

    @Test func `id, timestamp and body are all signed`() {
        let signature = WebhookSignature(current: oldKey)
        #expect(throws: WebhookVerificationError.mismatch) { try verify(Self.golden, with: signature, id: "evt_02") }
        #expect(throws: WebhookVerificationError.mismatch) {
            try verify(Self.golden, with: signature, timestamp: "1767225601")
        }
        for index in body.indices {
            var changed = body
            changed[index] ^= 1
            #expect(throws: WebhookVerificationError.mismatch) {
                try verify(Self.golden, with: signature, body: changed)
            }
        }
    }

    @Test(arguments: ["", "-1", "+1767225600", " 1767225600", "1767225600.0", "17672256001767225600", "1e9", "١"])
    func `a timestamp is digits`(timestamp: String) {
        #expect(throws: WebhookVerificationError.malformedTimestamp) {
            try verify(Self.golden, with: WebhookSignature(current: oldKey), timestamp: timestamp)
        }
    }

    @Test(arguments: ["", " ", "v2,abc", "fRkg3ugWVHCIoqhFzeisaYE0ZZKnQ2DuJbOoI/16sm4=", "V1,abc"])
    func `other schemes are no signature`(header: String) {
        #expect(throws: WebhookVerificationError.noSignature) {
            try verify(header, with: WebhookSignature(current: oldKey))
        }
    }

    @Test func `one good signature among others is enough, up to sixteen`() throws {
        let signature = WebhookSignature(current: oldKey)
        try verify("v1a,zzz v1,AAAA \(Self.golden)", with: signature)
        let flood = String(repeating: "v1,AAAA ", count: 20) + Self.golden
        #expect(throws: WebhookVerificationError.mismatch) { try verify(flood, with: signature) }
    }
}

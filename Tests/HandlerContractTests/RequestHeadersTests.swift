import Routing
import Testing

@testable import HandlerContract

@Suite struct RequestHeadersTests {
    private let now = Timestamp(milliseconds: 1_767_225_600_999)
    private let body = Array(#"{"type":"message","id":"evt_01"}"#.utf8)

    private func headers(
        id: String = "evt_01", route: String = "chat", deadline: Duration? = .milliseconds(4_800),
        traceparent: String? = nil
    ) -> RequestHeaders {
        RequestHeaders(
            eventID: id, type: .event, route: route,
            delivery: Delivery(mode: .request, attempt: 2, lane: "l", sequence: 1, deadline: deadline),
            traceparent: traceparent)
    }

    private func fields(_ headers: RequestHeaders, signature: WebhookSignature? = nil) -> [String] {
        headers.fields(version: "1.0", now: now, signature: signature, body: body).map { "\($0.name): \($0.value)" }
    }

    @Test func `a request with several events says so`() {
        let batch = RequestHeaders(
            batch: "bat_1", route: "chat", delivery: Delivery(mode: .atLeastOnce, attempt: 1, lane: "l", sequence: 1))
        #expect(fields(batch).contains("webhook-id: bat_1"))
        #expect(fields(batch).contains("gatehouse-event: batch"))
    }

    @Test func `the fields of the contract in its order`() throws {
        let key = try SigningKey("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        #expect(
            fields(headers(traceparent: trace), signature: WebhookSignature(current: key)) == [
                "content-type: application/json",
                "user-agent: gatehouse/1.0",
                "webhook-id: evt_01",
                "webhook-timestamp: 1767225600",
                "webhook-signature: v1,fRkg3ugWVHCIoqhFzeisaYE0ZZKnQ2DuJbOoI/16sm4=",
                "gatehouse-event: socket.event",
                "gatehouse-route: chat",
                "gatehouse-attempt: 2",
                "gatehouse-deadline-ms: 4800",
                "traceparent: \(trace)",
            ])
    }

    @Test func `without keys, deadline and trace their fields are missing`() {
        let names = headers(deadline: nil).fields(version: "1.0", now: now, signature: nil, body: body).map(\.name)
        #expect(!names.contains("webhook-signature"))
        #expect(!names.contains("gatehouse-deadline-ms"))
        #expect(!names.contains("traceparent"))
    }

    @Test(arguments: [
        ("a\r\nx-evil: 1", "a%0D%0Ax-evil: 1"), ("tab\there", "tab%09here"), ("größe", "gr%C3%B6%C3%9Fe"),
        ("nul\0", "nul%00"), ("del\u{7f}", "del%7F"), ("plain name", "plain name"),
    ])
    func `no value can hold a control character`(route: String, sent: String) throws {
        for headers in [headers(route: route), headers(id: route)] {
            for (_, value) in headers.fields(version: route, now: now, signature: nil, body: body) {
                #expect(value.utf8.allSatisfy { (0x20...0x7E).contains($0) })
            }
        }
        #expect(fields(headers(route: route)).contains("gatehouse-route: \(sent)"))
    }

    @Test func `the id is signed as it is sent`() throws {
        let signature = WebhookSignature(
            current: try SigningKey("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="))
        let fields = headers(id: "é").fields(version: "1", now: now, signature: signature, body: body)
        let values = Dictionary(uniqueKeysWithValues: fields.map { ($0.name, $0.value) })
        try signature.verify(
            header: values["webhook-signature"] ?? "", id: values["webhook-id"] ?? "",
            timestamp: values["webhook-timestamp"] ?? "", body: body, now: now)
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", "x\r\ny",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
    ])
    func `what is no trace context is not passed on`(traceparent: String) {
        #expect(!fields(headers(traceparent: traceparent)).contains { $0.hasPrefix("traceparent") })
    }
}

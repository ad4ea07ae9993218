import Routing

/// The header fields of a request to a handler.
package struct RequestHeaders: Sendable {
    package var eventID: String
    /// What happened, as in the body; of a batch, that it is one.
    package var kind: String
    package var route: String
    package var delivery: Delivery
    /// A W3C trace context; anything that is not one is left out.
    package var traceparent: String?

    package init(eventID: String, type: EventType, route: String, delivery: Delivery, traceparent: String? = nil) {
        self.eventID = eventID
        self.kind = type.rawValue
        self.route = route
        self.delivery = delivery
        self.traceparent = traceparent
    }

    /// Of a request with several events.
    package init(batch id: String, route: String, delivery: Delivery) {
        self.eventID = id
        self.kind = "batch"
        self.route = route
        self.delivery = delivery
    }

    /// Names and values in the order in which they are sent.
    ///
    /// No value contains a control character.
    ///
    /// - Parameters:
    ///   - version: of this program, `1.0`.
    ///   - now: the time of this attempt, which is signed along with the body.
    ///   - signature: nil when the handler has no keys.
    package func fields(
        version: String, now: Timestamp, signature: WebhookSignature?, body: [UInt8]
    ) -> [(name: String, value: String)] {
        let id = Self.clean(eventID)
        var fields = [
            (name: "content-type", value: "application/json"),
            (name: "user-agent", value: "gatehouse/\(Self.clean(version))"),
            (name: "webhook-id", value: id),
            (name: "webhook-timestamp", value: String(now.seconds)),
        ]
        if let signature {
            fields.append(("webhook-signature", signature.header(id: id, timestamp: now.seconds, body: body)))
        }
        fields.append(("gatehouse-event", Self.clean(kind)))
        fields.append(("gatehouse-route", Self.clean(route)))
        fields.append(("gatehouse-attempt", String(delivery.attempt)))
        if let deadline = delivery.deadlineMilliseconds {
            fields.append(("gatehouse-deadline-ms", String(deadline)))
        }
        if let traceparent, Self.isTraceParent(traceparent) { fields.append(("traceparent", traceparent)) }
        return fields
    }

    /// Percent-encodes what may not stand in a field value: control characters, and everything outside ASCII.
    private static func clean(_ value: String) -> String {
        guard !value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { return value }
        let digits = Array("0123456789ABCDEF".utf8)
        var clean: [UInt8] = []
        for byte in value.utf8 {
            if (0x20...0x7E).contains(byte) {
                clean.append(byte)
            } else {
                clean += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: clean, as: UTF8.self)
    }

    /// `00-<32 hex>-<16 hex>-<2 hex>`, with small letters.
    ///
    /// W3C Trace Context, 3.2.
    private static func isTraceParent(_ value: String) -> Bool {
        let parts = value.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return parts.map(\.count) == [2, 32, 16, 2]
            && parts.allSatisfy { $0.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) } }
            && parts[0].elementsEqual("00".utf8)
    }
}

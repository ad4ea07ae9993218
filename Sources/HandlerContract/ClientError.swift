import JSONScanner

/// What a client's callback gets in place of an answer: `[{"error":{"code":…,"message":…,"data":…}}]`.
package struct ClientError: Error, Hashable, Sendable {
    /// A short name that a program can compare.
    ///
    /// Handlers may use names of their own.
    package struct Code: RawRepresentable, Hashable, Sendable {
        package let rawValue: String
        package init(rawValue: String) { self.rawValue = rawValue }

        /// The handler answered, but with nothing that can be used.
        package static let handlerError = Code(rawValue: "handlerError")
        /// The handler could not be reached, or failed, and it may be well again later.
        package static let unavailable = Code(rawValue: "unavailable")
        /// The handler did not answer within the deadline.
        package static let timeout = Code(rawValue: "timeout")
        /// The client may not do this.
        package static let forbidden = Code(rawValue: "forbidden")
        /// A queue is full.
        package static let busy = Code(rawValue: "busy")
        /// The handler does not accept what the client sent.
        package static let badRequest = Code(rawValue: "badRequest")
        /// No route matches the event.
        package static let noRoute = Code(rawValue: "noRoute")
        /// The client sends faster than it may.
        package static let rateLimited = Code(rawValue: "rateLimited")
    }

    package var code: Code
    package var message: String
    /// A JSON value, exactly as the handler wrote it.
    package var data: [UInt8]?

    /// An error with the message that belongs to its code, unless another one is given.
    package init(_ code: Code, message: String? = nil, data: [UInt8]? = nil) {
        self.code = code
        self.message = message ?? Self.messages[code] ?? ""
        self.data = data
    }

    private static let messages: [Code: String] = [
        .handlerError: "the handler gave no usable answer",
        .unavailable: "the handler is not available",
        .timeout: "the handler did not answer in time",
        .forbidden: "not allowed",
        .busy: "too many events are waiting",
        .badRequest: "the handler does not accept this event",
        .noRoute: "no route for this event",
        .rateLimited: "too many events",
    ]

    /// The arguments of the callback as comma-separated JSON values (there is one): `{"error":{…}}`.
    package var arguments: [UInt8] {
        var writer = JSONWriter(reservingCapacity: 64 + message.utf8.count + (data?.count ?? 0))
        writer.beginObject()
        writer.key("error")
        writer.beginObject()
        writer.member("code", code.rawValue)
        writer.member("message", message)
        if let data { writer.member("data", raw: data) }
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}

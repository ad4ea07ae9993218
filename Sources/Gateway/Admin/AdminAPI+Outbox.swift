import HandlerContract
import JSONScanner
import Outbox

extension AdminAPI {
    /// Dead letters of one transaction: more would hold up new events.
    private static let chunk = 500

    /// Answers `GET /v1/outbox`.
    func showOutbox() throws(AdminProblem) -> HTTPResponse {
        let outbox = try self.outbox
        let figures = outbox.figures.withLock { $0 }
        return Self.json { writer in
            writer.member("path", self.core.configuration.outbox.path)
            writer.member("writable", outbox.isWritable)
            writer.member("bytes", figures.bytes)
            writer.member("maxBytes", self.core.configuration.outbox.maxBytes)
            writer.member("pending", figures.pendingTotal)
            writer.member("loaded", figures.loaded)
            writer.member("dead", figures.dead)
            writer.member("oldestSeconds", figures.oldestSeconds(now: outbox.now))
            writer.key("handlers")
            writer.beginObject()
            for (handler, count) in figures.pending.sorted(by: { $0.key.precedesByBytes($1.key) }) {
                writer.member(handler, count)
            }
            writer.endObject()
        }
    }

    /// Answers `GET /v1/dlq`.
    func listDeadLetters(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let cursor = try PageCursor.of(request)
        let start = cursor.flatMap { Int64($0) }
        if cursor != nil, start == nil { throw PageCursor.invalid }
        let handler = try request.value("handler")
        let limit = try request.pageLimit()
        let letters = try await self.ask { worker throws(StoreError) in
            try worker.engine.deadLetters(handler: handler, after: start ?? 0, limit: limit + 1)
        }
        return Self.json { writer in
            writer.key("letters")
            writer.beginArray()
            for letter in letters.prefix(limit) { letter.write(into: &writer, isWhole: false) }
            writer.endArray()
            guard letters.count > limit, let last = letters.prefix(limit).last else { return }
            writer.member("cursor", PageCursor.encode("\(last.origin)"))
        }
    }

    /// Answers `GET /v1/dlq/{id}`.
    func showDeadLetter(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let id = request.parameters[0]
        let letter = try await self.ask { worker throws(StoreError) in try worker.engine.deadLetter(id: id) }
        guard let letter else { throw .noSuchLetter }
        var writer = JSONWriter()
        letter.write(into: &writer, isWhole: true)
        return HTTPResponse(200, json: writer.bytes)
    }

    /// Answers `POST /v1/dlq/{id}/replay`.
    func replayDeadLetter(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let count = try await self.replay(.id(request.parameters[0]))
        guard count > 0 else { throw .noSuchLetter }
        return Self.json { $0.member("replayed", count) }
    }

    /// Answers `POST /v1/dlq/replay`.
    func replayDeadLetters(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let body = try request.object()
        for member in body.members where member.key != "all" && member.key != "handler" {
            throw AdminProblem(errors: [.init(pointer: "/\(JSONPointer.escape(member.key))", detail: "is not known")])
        }
        if let all = body["all"], all.bool == nil {
            throw AdminProblem(errors: [.init(pointer: "/all", detail: "is true or false")])
        }
        if let handler = body["handler"], handler.string == nil {
            throw AdminProblem(errors: [.init(pointer: "/handler", detail: "is the name of a handler")])
        }
        let selection = try Self.selection(all: body["all"]?.bool ?? false, handler: body["handler"]?.string)
        let count = try await self.replay(selection)
        return Self.json { $0.member("replayed", count) }
    }

    /// Answers `DELETE /v1/dlq/{id}`.
    func dropDeadLetter(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        guard try await self.drop(.id(request.parameters[0])) > 0 else { throw .noSuchLetter }
        return HTTPResponse(204)
    }

    /// Answers `DELETE /v1/dlq`.
    func dropDeadLetters(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let selection = try Self.selection(all: try request.flag("all"), handler: try request.value("handler"))
        let count = try await self.drop(selection)
        return Self.json { $0.member("dropped", count) }
    }

    // MARK: - What they share

    private var outbox: OutboxService {
        get throws(AdminProblem) {
            guard let outbox = self.core.outbox else {
                throw AdminProblem(404, "there is no outbox: no route has the mode atLeastOnce")
            }
            return outbox
        }
    }

    private func ask<Result: Sendable>(
        _ body: @escaping @Sendable (inout OutboxWorker) throws(StoreError) -> Result
    ) async throws(AdminProblem) -> Result {
        let outbox = try self.outbox
        do throws(StoreError) {
            return try await outbox.ask(body)
        } catch {
            throw AdminProblem(503, "\(error)")
        }
    }

    /// Nothing named is a mistake, and not everything.
    private static func selection(all: Bool, handler: String?) throws(AdminProblem) -> DeadLetterSelection {
        switch (all, handler) {
        case (true, nil): return .all
        case (false, let handler?): return .handler(handler)
        default: throw AdminProblem(400, "either \"all\" or \"handler\" says which dead letters are meant")
        }
    }

    private func replay(_ selection: DeadLetterSelection) async throws(AdminProblem) -> Int {
        let now = try self.outbox.now
        // What dies again meanwhile is not sent twice.
        return try await self.inChunks { worker, limit throws(StoreError) in
            try worker.engine.replay(selection, limit: limit, diedBy: now, now: now)
        }
    }

    private func drop(_ selection: DeadLetterSelection) async throws(AdminProblem) -> Int {
        try await self.inChunks { worker, limit throws(StoreError) in
            try worker.engine.drop(selection, limit: limit)
        }
    }

    private func inChunks(
        _ body: @escaping @Sendable (inout OutboxWorker, Int) throws(StoreError) -> Int
    ) async throws(AdminProblem) -> Int {
        var total = 0
        while true {
            let count = try await self.ask { worker throws(StoreError) in try body(&worker, Self.chunk) }
            total += count
            guard count == Self.chunk else { return total }
        }
    }
}

extension AdminProblem {
    fileprivate static let noSuchLetter = AdminProblem(404, "there is no such dead letter")
}

extension DeadLetter {
    /// - Parameter isWhole: with the event and the last response.
    func write(into writer: inout JSONWriter, isWhole: Bool) {
        let event = self.stored.event
        writer.beginObject()
        writer.member("id", event.id)
        writer.member("handler", event.handler)
        writer.member("route", event.route)
        writer.member("lane", event.lane)
        writer.member("seq", raw: String(self.stored.sequence).utf8)
        writer.member("type", event.type)
        if !event.socket.isEmpty { writer.member("socket", event.socket) }
        writer.member("acceptedAt", Timestamp(milliseconds: event.accepted).iso8601())
        writer.member("diedAt", Timestamp(milliseconds: self.death.time).iso8601())
        writer.member("reason", self.death.reason)
        writer.member("attempts", self.death.attempts)
        if self.death.status != 0 { writer.member("status", self.death.status) }
        writer.member("problem", self.death.problem)
        if self.isDamaged { writer.member("damaged", true) }
        if isWhole {
            writer.member("response", String(decoding: self.death.response, as: UTF8.self))
            // Bytes that changed in the file may be anything.
            if !self.isDamaged { writer.member("event", raw: self.envelope) }
        }
        writer.endObject()
    }

    /// What the handler was sent, at the last attempt.
    private var envelope: [UInt8] {
        let event = self.stored.event
        return Envelope(head: event.head, tail: event.tail).body(
            for: Delivery(
                mode: .atLeastOnce, attempt: self.death.attempts, lane: event.lane, sequence: self.stored.sequence,
                isRedelivered: self.stored.isRedelivered))
    }
}

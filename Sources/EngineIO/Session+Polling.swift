package import struct NIOCore.ByteBuffer

/// GET and POST. Engine.IO protocol 4, "HTTP long-polling"; protocol 3, "Polling".
extension Session {
    package enum PollDecision: Hashable, Sendable {
        /// Answer this poll now, with ``takePayload(into:limit:)``.
        case answer
        /// Answer this poll now, with a noop: the client is to stop polling. The poll is done with.
        case answerNoop
        /// Keep it until something says to answer it.
        case hold
        /// Answer this request with the error. If the session ended over it, the ending comes first.
        case refuse(ProtocolError, Ending?)
    }

    /// A GET has come.
    ///
    /// While a client switches to its WebSocket it must not wait in a poll. So polls are answered with a noop at once,
    /// but if the client goes on polling, because the answer to its probe was lost, only the first few: after them one
    /// in 100 ms, the pace of the reference server.
    package mutating func receivePoll(now: Instant) -> PollDecision {
        if isClosed { return .refuse(.unknownSession, nil) }
        if let ending = endIfExpired(now: now) { return .refuse(.unknownSession, ending) }
        if transport == .websocket { return .refuse(.badRequest, nil) }
        if isPollOpen { return .refuse(.badRequest, end(.transportError)) }
        if case .closing = state {
            isPollOpen = true
            return .answer
        }
        if !queue.isEmpty {
            isPollOpen = true
            return .answer
        }
        if case .answered = probe {
            if promptNoops > 0 {
                promptNoops -= 1
                return .answerNoop
            }
            noopDue = now + Self.noopPace
        }
        isPollOpen = true
        return .hold
    }

    /// Polls answered with a noop at once after a probe.
    ///
    /// One is the rule; two or three when the noop overtakes the answer to the probe.
    static let promptNoopLimit: UInt8 = 4
    static let noopPace = Duration.milliseconds(100)

    package enum PayloadResult: Hashable, Sendable {
        /// Nothing is left in the queue.
        case all
        /// The rest waits for the next poll, be it the close packet alone.
        case some
        /// The payload ended with the close packet: the session is over.
        case last(CloseReason)
    }

    /// Writes the answer to the open poll, which is done with then: what is queued, up to the limit but at least one
    /// packet; a noop when nothing is.
    ///
    /// ``payloadFormat`` says in which form.
    ///
    /// Without an open poll nothing is written.
    package mutating func takePayload(into buffer: inout ByteBuffer, limit: Int? = nil) -> PayloadResult {
        guard isPollOpen else { return queue.isEmpty ? .all : .some }
        isPollOpen = false
        noopDue = nil
        let limit = limit ?? configuration.maxPayload
        payloadFormat = nextFormat(limit: limit)
        var writer = PayloadWriter(payloadFormat, limit: limit)
        while let packet = queue.first {
            guard writer.write(packet, into: &buffer) else { return .some }
            _ = queue.popFirst()
        }
        if case .closing(_, let reason) = state {
            guard writer.write(.close, into: &buffer) else { return .some }
            _ = end(reason)
            return .last(reason)
        }
        if writer.isEmpty { _ = writer.write(.noop, into: &buffer) }
        return .all
    }

    /// A message sent now would be the first in the answer to the open poll: it need not be queued if the caller keeps it, and
    /// answers the poll with it by ``answerPollDirectly()``.
    package var awaitsFirstMessage: Bool {
        isOpen && transport == .polling && isPollOpen && queue.isEmpty && configuration.revision == .four
    }

    /// The open poll is answered with a message that the caller kept, instead of ``takePayload(into:limit:)``; false when
    /// more than that is to be said: then the message has to be sent.
    package mutating func answerPollDirectly() -> Bool {
        guard awaitsFirstMessage else { return false }
        isPollOpen = false
        noopDue = nil
        payloadFormat = .separated
        return true
    }

    /// Protocol 3 has a format for payloads with binary packets among them, and one for all others.
    private func nextFormat(limit: Int) -> PayloadFormat {
        guard configuration.revision == .three else { return .separated }
        var writer = PayloadWriter(.countedBytes, limit: limit)
        return queue.contains { packet in writer.admit(packet) ? packet.isBinary : nil } ? .countedBytes : .counted
    }

    /// A poll's connection was lost before its answer was written, wholly or in part: what was in it may be lost.
    ///
    /// nil: it no longer mattered.
    package mutating func pollLost(_ reason: CloseReason = .transportError) -> Ending? {
        guard !isClosed, transport == .polling else { return nil }
        isPollOpen = false
        return end(reason)
    }

    package enum PostDecision: Hashable, Sendable {
        /// Read the body, give its packets to ``receive(_:_:over:now:)``, answer `ok`, call ``postEnded()``.
        case read
        /// Answer this request with the error. If the session ended over it, the ending comes first.
        case refuse(ProtocolError, Ending?)
    }

    /// A POST has come; its body may still be on the way.
    package mutating func receivePost(now: Instant) -> PostDecision {
        if isClosed { return .refuse(.unknownSession, nil) }
        if let ending = endIfExpired(now: now) { return .refuse(.unknownSession, ending) }
        if transport == .websocket { return .refuse(.badRequest, nil) }
        if isPostOpen { return .refuse(.badRequest, end(.transportError)) }
        isPostOpen = true
        return .read
    }

    /// The POST has been answered.
    package mutating func postEnded() {
        isPostOpen = false
    }

    /// The connection of a POST was lost before its body was whole.
    ///
    /// nil: it no longer mattered.
    package mutating func postLost(_ reason: CloseReason = .transportError) -> Ending? {
        isPostOpen = false
        guard !isClosed, transport == .polling else { return nil }
        return end(reason)
    }
}

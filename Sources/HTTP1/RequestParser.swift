package import struct NIOCore.ByteBuffer

/// Turns the bytes of one connection into requests.
///
/// RFC 9112, as strict as its most careful readers.
///
/// Decides, never acts. What is ambiguous is refused, and the verdict on a stream does not depend on how it was split.
/// A refused request is the connection's last: whatever follows is ignored.
package struct RequestParser: ~Copyable {
    private enum State {
        case head
        case noBody
        case fixedBody(remaining: Int)
        case chunkedBody(ChunkedBody)
        case failed
    }

    private let limits: Limits
    private var state = State.head
    private var scanner = HeadScanner()
    private var bodyLimit: Int

    package init(limits: Limits = Limits()) {
        self.limits = limits
        bodyLimit = limits.maxBody
    }

    /// Whether no request has begun: the connection may be closed without harm.
    package var isBetweenRequests: Bool {
        if case .head = state { scanner.isUntouched } else { false }
    }

    /// Takes from the front of `input` and returns the next thing; nil when more bytes are needed.
    ///
    /// What is incomplete stays in `input`; the caller keeps it and appends. How far it was read is remembered, so that
    /// a head sent byte by byte costs no more than one sent whole. After the head of an upgrade everything left in
    /// `input` belongs to the next protocol. The slices returned share the memory of `input`.
    package mutating func next(_ input: inout ByteBuffer) throws(RequestError) -> Event? {
        do {
            switch state {
            case .head:
                guard let head = try takeHead(&input) else { return nil }
                return .head(head)
            case .noBody:
                state = .head
                return .end
            case .fixedBody(let remaining):
                return try takeBody(&input, remaining)
            case .chunkedBody(var body):
                let piece = try body.next(&input, limits: limits, bodyLimit: bodyLimit)
                state = .chunkedBody(body)
                switch piece {
                case .data(let data): return .body(data)
                case .end:
                    state = .head
                    return .end
                case nil: return nil
                }
            case .failed:
                input.moveReaderIndex(forwardBy: input.readableBytes)
                return nil
            }
        } catch {
            state = .failed
            scanner = HeadScanner()
            throw error
        }
    }

    /// How many bytes the body of the request whose head came last may have.
    ///
    /// False when the head announced more: the next call will throw ``RequestError/bodyTooLarge``, so this is not the
    /// time for `100 Continue`. A chunked body is refused when it gets there.
    @discardableResult
    package mutating func limitBody(to limit: Int) -> Bool {
        bodyLimit = limit
        if case .fixedBody(let remaining) = state { return remaining <= limit }
        return true
    }

    /// The memory of a head that nobody needs any more may serve the next one.
    package mutating func reuse(_ head: consuming RequestHead) {
        scanner.reuse(head.fields)
    }

    /// Keeps no memory for the next head.
    package mutating func releaseMemory() {
        scanner.releaseMemory()
    }

    private mutating func takeHead(_ input: inout ByteBuffer) throws(RequestError) -> RequestHead? {
        guard input.readableBytes > 0 else { return nil }
        let isComplete = try input.withUnsafeReadableBytes { (bytes) throws(RequestError) in
            try scanner.advance(bytes, limits: limits)
        }
        guard isComplete, let line = scanner.requestLine, let block = input.readSlice(length: scanner.length) else {
            return nil
        }
        let (meaning, nameLengths) = (scanner.meaning, scanner.nameLengths)
        let head = try RequestHead(block, line, meaning, scanner.takeFields(), nameLengths: nameLengths)
        bodyLimit = limits.maxBody
        switch head.body {
        case .none: state = .noBody
        case .length(let length): state = .fixedBody(remaining: length)
        case .chunked: state = .chunkedBody(ChunkedBody())
        }
        return head
    }

    private mutating func takeBody(_ input: inout ByteBuffer, _ remaining: Int) throws(RequestError) -> Event? {
        guard remaining <= bodyLimit else { throw .bodyTooLarge }
        guard remaining > 0 else {
            state = .head
            return .end
        }
        guard let data = input.readSlice(length: min(remaining, input.readableBytes)), data.readableBytes > 0 else {
            return nil
        }
        state = .fixedBody(remaining: remaining - data.readableBytes)
        return .body(data)
    }
}

/// What a client sent next.
package enum Event: Sendable {
    case head(RequestHead)
    /// More of the body; never empty.
    case body(ByteBuffer)
    /// The request is complete; the next call starts the next one.
    case end
}

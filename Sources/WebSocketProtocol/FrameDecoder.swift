/// Turns the bytes of one client into messages and control frames.
///
/// RFC 6455 sections 5 and 8, server side.
///
/// Decides, never acts: answering a ping or a close is the owner's. A frame that is complete inside the input is
/// unmasked in place and returned as a slice of it; anything else is collected here, and only while it is incomplete.
/// The verdict on a stream does not depend on how it was split.
package struct FrameDecoder: ~Copyable {
    private enum Phase: UInt8 {
        case header, payload, closed
    }

    private let limits: Limits
    private var message = Message()
    private var assembly = AssemblyBuffer()
    /// How much of `assembly` belongs to the message; a control frame in between lies behind it.
    private var messageCount = 0
    /// A header of which only a part has arrived.
    private var partial: (UInt64, UInt64) = (0, 0)
    private var remaining = 0
    private var maskingKey: UInt32 = 0
    private var partialCount: UInt8 = 0
    private var phase = Phase.header
    private var opcode = Opcode.continuation
    private var isFinal = false
    /// The memory behind `messageCount` was handed out by the last call.
    private var handedOut = false

    package init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Whether a message has begun that is not complete; the owner limits how long that may last.
    package var isInsideMessage: Bool { message.opcode != nil || partialCount > 0 || phase == .payload }

    /// Bytes that are kept of a message or frame that is not complete.
    package var heldBytes: Int { assembly.count }

    /// Whether a close frame or an error has ended the stream.
    package var isClosed: Bool { phase == .closed }

    /// Whether the message returned last had RSV1 set on its first frame.
    ///
    /// Only with ``Limits/allowsCompression``.
    package private(set) var isCompressed = false

    /// Takes from the front of `input` and returns the next thing; call it until it says ``Decoded/needMore``.
    ///
    /// Everything usable is taken: at `needMore` the input is empty. The bytes of the result are valid until the next
    /// call, and no longer than the memory of `input`. After a close frame or an error all input is ignored.
    package mutating func next(_ input: inout UnsafeMutableRawBufferPointer) throws(WebSocketError) -> Decoded {
        if handedOut { release() }
        do {
            while true {
                switch phase {
                case .header:
                    guard try takeHeader(&input) else { return .needMore }
                case .payload:
                    guard let decoded = try takePayload(&input) else {
                        if phase == .payload { return .needMore }
                        continue
                    }
                    return decoded
                case .closed:
                    messageCount = 0
                    assembly.truncate(to: 0)
                    drop(input.count, from: &input)
                    return .needMore
                }
            }
        } catch {
            phase = .closed
            messageCount = 0
            assembly.truncate(to: 0)
            throw error
        }
    }

    // MARK: Header

    private mutating func takeHeader(_ input: inout UnsafeMutableRawBufferPointer) throws(WebSocketError) -> Bool {
        if partialCount == 0, let header = try parse(UnsafeRawBufferPointer(input)) {
            drop(header.byteCount, from: &input)
            try begin(header)
            return true
        }
        while !input.isEmpty {
            withUnsafeMutableBytes(of: &partial) { $0[Int(partialCount)] = input[0] }
            partialCount += 1
            drop(1, from: &input)
            let header = try withUnsafeBytes(of: partial) { (bytes) throws(WebSocketError) in
                try parse(UnsafeRawBufferPointer(rebasing: bytes[..<Int(partialCount)]))
            }
            guard let header else { continue }
            partialCount = 0
            try begin(header)
            return true
        }
        return false
    }

    private func parse(_ bytes: UnsafeRawBufferPointer) throws(WebSocketError) -> FrameHeader? {
        try FrameHeader.parse(bytes) { (opcode, isFinal, isCompressed) throws(WebSocketError) in
            // RSV1 belongs to the first frame of a message, RFC 7692 section 6.
            if isCompressed, !limits.allowsCompression || opcode.isControl || opcode == .continuation {
                throw .reservedBits
            }
            guard !opcode.isControl else { return }
            if opcode == .continuation {
                guard message.opcode != nil else { throw .unexpectedContinuation }
            } else {
                guard message.opcode == nil else { throw .expectedContinuation }
            }
        }
    }

    private mutating func begin(_ header: FrameHeader) throws(WebSocketError) {
        opcode = header.opcode
        isFinal = header.isFinal
        maskingKey = header.maskingKey
        phase = .payload
        guard !header.opcode.isControl else {
            remaining = Int(header.payloadLength)
            return
        }
        if header.opcode != .continuation {
            message = Message(opcode: header.opcode, isCompressed: header.isCompressed)
        }
        // The limit comes before any memory, and before the number becomes an Int.
        let limit = message.isCompressed ? limits.maxCompressedSize : limits.maxMessageSize
        guard header.payloadLength <= UInt64(max(limit - messageCount, 0)) else {
            throw .messageTooBig
        }
        remaining = Int(header.payloadLength)
        if message.fragments < .max { message.fragments += 1 }
        let fragments = Int(message.fragments)
        guard
            fragments <= limits.maxFragments
                || (messageCount + remaining) / fragments >= limits.minAverageFragmentSize
        else { throw .tooManyFragments }
    }

    // MARK: Payload

    /// Nil when the frame is incomplete (still in `.payload`) or when it was a fragment of a longer message.
    private mutating func takePayload(
        _ input: inout UnsafeMutableRawBufferPointer
    ) throws(WebSocketError) -> Decoded? {
        let count = min(remaining, input.count)
        let start = opcode.isControl ? messageCount : 0
        let isWhole = count == remaining && assembly.count == start && (opcode.isControl || isFinal)
        let chunk: UnsafeMutableRawBufferPointer
        if isWhole {
            chunk = UnsafeMutableRawBufferPointer(rebasing: input[..<count])
        } else {
            // Another fragment may follow one that is not final, so its end says nothing about the total.
            let total = opcode.isControl || isFinal ? assembly.count + remaining : nil
            chunk = assembly.append(UnsafeRawBufferPointer(rebasing: input[..<count]), total: total)
        }
        drop(count, from: &input)
        Masking.apply(maskingKey, to: chunk)
        maskingKey = Masking.advance(maskingKey, by: count)
        remaining -= count

        if !opcode.isControl {
            if !isWhole { messageCount += count }
            if message.opcode == .text, !message.isCompressed {
                guard message.utf8.consume(UnsafeRawBufferPointer(chunk)) else { throw .invalidUTF8 }
            }
        }
        guard remaining == 0 else { return nil }
        phase = .header
        guard opcode.isControl || isFinal else { return nil }
        handedOut = !isWhole
        let bytes = isWhole ? UnsafeRawBufferPointer(chunk) : assembly.bytes(from: start)
        return try finish(bytes)
    }

    private mutating func finish(_ bytes: UnsafeRawBufferPointer) throws(WebSocketError) -> Decoded {
        switch opcode {
        case .ping: return .ping(bytes)
        case .pong: return .pong(bytes)
        case .close: return try close(bytes)
        case .continuation, .text, .binary:
            let finished = message
            message = Message()
            messageCount = 0
            isCompressed = finished.isCompressed
            guard finished.utf8.isComplete else { throw .invalidUTF8 }
            return finished.opcode == .text ? .text(bytes) : .binary(bytes)
        }
    }

    private mutating func close(_ payload: UnsafeRawBufferPointer) throws(WebSocketError) -> Decoded {
        guard !payload.isEmpty else {
            phase = .closed
            return .close(code: nil, reason: payload)
        }
        guard payload.count >= 2 else { throw .invalidClosePayload }
        let code = UInt16(bigEndian: payload.loadUnaligned(as: UInt16.self))
        guard CloseCode.isAllowedOnWire(code) else { throw .invalidCloseCode }
        let reason = UnsafeRawBufferPointer(rebasing: payload[2...])
        guard UTF8Validator.isValid(reason) else { throw .invalidUTF8 }
        phase = .closed
        return .close(code: code, reason: reason)
    }

    // MARK: Memory

    private mutating func release() {
        handedOut = false
        assembly.truncate(to: messageCount)
    }

    private func drop(_ count: Int, from input: inout UnsafeMutableRawBufferPointer) {
        input = UnsafeMutableRawBufferPointer(rebasing: input[count...])
    }
}

extension FrameDecoder {
    /// The data message that is being received.
    private struct Message {
        var opcode: Opcode?
        var isCompressed = false
        var fragments: UInt32 = 0
        var utf8 = UTF8Validator()
    }
}

/// One complete thing that a client sent.
///
/// Its bytes are valid until the next call of the decoder.
package enum Decoded {
    /// Nothing complete; all input was taken.
    case needMore
    /// A text message: valid UTF-8.
    case text(UnsafeRawBufferPointer)
    case binary(UnsafeRawBufferPointer)
    case ping(UnsafeRawBufferPointer)
    case pong(UnsafeRawBufferPointer)
    /// The last thing a client says: a code that is allowed on the wire (nil when there was none), a UTF-8 reason.
    case close(code: UInt16?, reason: UnsafeRawBufferPointer)
}

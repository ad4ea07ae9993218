internal import JSONScanner

/// The text of a packet, taken apart; ranges index into that text.
struct PacketHeader {
    var kind: Packet.Kind
    var namespace: Range<Int>
    var ackID: UInt64?
    var attachmentCount: Int
    var payload: Range<Int>
    var array: EventArray
}

/// `<type>[<attachments>-][<namespace>,][<ack id>][<JSON>]`, by the rules for what a client may send.
struct PacketParser {
    private static let largestAckID: UInt64 = 1 << 53

    private let text: UnsafeRawBufferPointer
    private let limits: PacketDecoder.Limits
    private let revision: ProtocolRevision
    private var at = 1
    /// What stands behind the question mark of a namespace.
    private var query = 0..<0

    static func parse(
        _ text: UnsafeRawBufferPointer, limits: PacketDecoder.Limits, revision: ProtocolRevision
    ) throws(PacketError) -> PacketHeader {
        guard let first = text.first else { throw .empty }
        var parser = PacketParser(text: text, limits: limits, revision: revision)
        switch PacketKind(rawValue: first &- UInt8(ascii: "0")) {
        case .connect: return try parser.connect()
        case .disconnect: return try parser.disconnect()
        case .event: return try parser.event(isBinary: false)
        case .ack: return try parser.ack(isBinary: false)
        case .binaryEvent: return try parser.event(isBinary: true)
        case .binaryAck: return try parser.ack(isBinary: true)
        case .connectError, nil: throw .unexpectedKind
        }
    }

    private init(text: UnsafeRawBufferPointer, limits: PacketDecoder.Limits, revision: ProtocolRevision) {
        self.text = text
        self.limits = limits
        self.revision = revision
    }
}

// MARK: The kinds

extension PacketParser {
    private static let noArray = EventArray(name: .missing, arguments: 0..<0, argumentCount: 0)

    private mutating func connect() throws(PacketError) -> PacketHeader {
        let namespace = try self.namespace()
        try refuseAckID()
        var payload = at..<text.count
        if revision == .four {
            guard payload.isEmpty else { throw .unexpectedPayload }
            payload = query
        } else if !payload.isEmpty {
            guard text[at] == UInt8(ascii: "{") else { throw .unexpectedPayload }
            do {
                try JSONScanner.validate(slice(payload), depthLimit: Int(limits.depthLimit))
            } catch {
                throw .invalidPayload(error)
            }
        }
        return PacketHeader(
            kind: .connect, namespace: namespace, ackID: nil, attachmentCount: 0, payload: payload,
            array: Self.noArray)
    }

    private mutating func disconnect() throws(PacketError) -> PacketHeader {
        let namespace = try self.namespace()
        try refuseAckID()
        guard at == text.count else { throw .unexpectedPayload }
        return PacketHeader(
            kind: .disconnect, namespace: namespace, ackID: nil, attachmentCount: 0, payload: at..<at,
            array: Self.noArray)
    }

    private mutating func event(isBinary: Bool) throws(PacketError) -> PacketHeader {
        let header = try arrayPacket(.event, isBinary: isBinary)
        switch header.array.name {
        case .string(let range, let escaped):
            let name = slice(
                (header.payload.lowerBound + range.lowerBound)..<(header.payload.lowerBound + range.upperBound))
            guard !ReservedEventName.matches(name, escaped: escaped) else { throw .reservedEventName }
        case .number: break
        case .other, .missing: throw .invalidEventName
        }
        if isBinary { try checkPlaceholders(of: header) }
        return header
    }

    private mutating func ack(isBinary: Bool) throws(PacketError) -> PacketHeader {
        let header = try arrayPacket(.ack, isBinary: isBinary)
        guard header.ackID != nil else { throw .invalidAckID }
        if isBinary { try checkPlaceholders(of: header) }
        return header
    }

    private mutating func arrayPacket(_ kind: Packet.Kind, isBinary: Bool) throws(PacketError) -> PacketHeader {
        let attachmentCount = isBinary ? try self.attachmentCount() : 0
        let namespace = try self.namespace()
        let ackID = try self.ackID()
        guard at < text.count else { throw .missingPayload }
        guard text[at] == UInt8(ascii: "[") else { throw .unexpectedPayload }
        let payload = at..<text.count
        do {
            return PacketHeader(
                kind: kind, namespace: namespace, ackID: ackID, attachmentCount: attachmentCount, payload: payload,
                array: try JSONScanner.event(slice(payload), depthLimit: Int(limits.depthLimit)))
        } catch {
            throw .invalidPayload(error)
        }
    }

    /// Every placeholder names an attachment and every attachment is named (CVE-2022-2421).
    private func checkPlaceholders(of header: PacketHeader) throws(PacketError) {
        var isUsed = [Bool](repeating: false, count: header.attachmentCount)
        for placeholder in JSONScanner.placeholders(in: slice(header.payload)) {
            guard let number = placeholder.number, isUsed.indices.contains(number) else { throw .invalidPlaceholder }
            isUsed[number] = true
        }
        guard !isUsed.contains(false) else { throw .unusedAttachment }
    }
}

// MARK: The parts

extension PacketParser {
    /// Digits and a dash.
    ///
    /// Compared with the limit digit by digit, so no number is too long to be refused.
    private mutating func attachmentCount() throws(PacketError) -> Int {
        let start = at
        var count = 0
        while let digit = digit() {
            guard at - start < 2 || text[start] != UInt8(ascii: "0") else { throw .invalidAttachmentCount }
            count = count * 10 + digit
            guard count <= limits.maxAttachments else { throw .tooManyAttachments }
        }
        guard at > start, at < text.count, text[at] == UInt8(ascii: "-") else { throw .invalidAttachmentCount }
        at += 1
        return count
    }

    /// From a slash up to a comma or the end, without what follows a question mark; empty when it is the root.
    private mutating func namespace() throws(PacketError) -> Range<Int> {
        let start = at
        guard at < text.count, text[at] == UInt8(ascii: "/") else { return start..<start }
        var end: Int?
        var isASCII = true
        while at < text.count, text[at] != UInt8(ascii: ",") {
            let byte = text[at]
            guard byte > 0x1F, byte != 0x7F else { throw .invalidNamespace }
            if byte == UInt8(ascii: "?"), end == nil { end = at }
            if byte >= 0x80 { isASCII = false }
            at += 1
            guard end != nil || at - start <= limits.maxNamespaceLength else { throw .namespaceTooLong }
        }
        let path = start..<(end ?? at)
        if let end { query = (end + 1)..<at }
        if at < text.count { at += 1 }
        // Names are sent back, so they have to be text; the transport may not have looked.
        guard isASCII || String(validating: slice(path), as: UTF8.self) != nil else { throw .invalidNamespace }
        return path.count == 1 ? start..<start : path
    }

    /// Digits up to 2^53, the largest whole number that JavaScript counts to; nil when there are none.
    private mutating func ackID() throws(PacketError) -> UInt64? {
        let start = at
        var id: UInt64 = 0
        while let digit = digit() {
            guard at - start < 2 || text[start] != UInt8(ascii: "0") else { throw .invalidAckID }
            id = id * 10 + UInt64(digit)
            guard id <= Self.largestAckID else { throw .invalidAckID }
        }
        return at > start ? id : nil
    }

    private func refuseAckID() throws(PacketError) {
        guard at >= text.count || text[at] &- UInt8(ascii: "0") > 9 else { throw .invalidAckID }
    }

    @inline(__always)
    private mutating func digit() -> Int? {
        guard at < text.count, text[at] &- UInt8(ascii: "0") < 10 else { return nil }
        defer { at += 1 }
        return Int(text[at] - UInt8(ascii: "0"))
    }

    private func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: text[range])
    }
}

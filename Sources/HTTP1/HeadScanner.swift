/// Reads a head line by line as it arrives, and remembers how far it got.
///
/// Holds places in the bytes, never the bytes: until the head is complete they stay where they are.
struct HeadScanner {
    private var lines = LineScanner()
    private(set) var requestLine: RequestLine?
    /// Of another head until the request line has been read.
    private(set) var fields: [FieldPlace] = []
    /// A bit for each length that a field's name has, modulo 64.
    private(set) var nameLengths: UInt64 = 0
    private(set) var meaning = HeadMeaning()
    /// Where the request line ends and the header block begins.
    private var blockStart = 0
    private var skippedEmptyLine = false

    /// The fields of a complete head are handed over, and the next head is awaited.
    mutating func takeFields() -> [FieldPlace] {
        var taken: [FieldPlace] = []
        swap(&taken, &fields)
        lines = LineScanner()
        requestLine = nil
        nameLengths = 0
        meaning = HeadMeaning()
        blockStart = 0
        skippedEmptyLine = false
        return taken
    }

    /// An array of a head that is over, or about to be: its memory serves again if nobody else has it by then.
    mutating func reuse(_ memory: [FieldPlace]) {
        if fields.isEmpty, isUntouched { fields = memory }
    }

    mutating func releaseMemory() {
        if isUntouched { fields = [] }
    }

    /// How many bytes the complete head has.
    var length: Int { lines.start }

    /// Whether nothing of a request has been seen.
    var isUntouched: Bool { requestLine == nil && lines.isUntouched }

    /// Reads on in `bytes`, which start where the head starts; true when the head is complete.
    mutating func advance(_ bytes: UnsafeRawBufferPointer, limits: RequestParser.Limits) throws(RequestError) -> Bool {
        if requestLine == nil {
            guard try readRequestLine(bytes, limits: limits) else { return false }
        }
        while true {
            let room = limits.maxHeaderBlock - (lines.start - blockStart) - 2
            switch try lines.next(bytes, limit: min(limits.maxField, room)) {
            case .incomplete: return false
            case .tooLong: throw room < limits.maxField ? .headTooLong : .fieldTooLong
            case .line(let line):
                guard !line.isEmpty else { return true }
                try readField(bytes, line, limits: limits)
            }
        }
    }

    private mutating func readRequestLine(
        _ bytes: UnsafeRawBufferPointer, limits: RequestParser.Limits
    ) throws(RequestError) -> Bool {
        while true {
            // Method, two spaces and `HTTP/1.1` around the target.
            switch try lines.next(bytes, limit: limits.maxURI + RequestParser.Limits.maxMethod + 10) {
            case .incomplete: return false
            case .tooLong: throw .targetTooLong
            case .line(let line):
                // Some clients send CR LF after a body; one such line is no offence. RFC 9112 section 2.2.
                guard !line.isEmpty || skippedEmptyLine else {
                    skippedEmptyLine = true
                    continue
                }
                requestLine = try RequestLine(bytes, line, limits: limits)
                blockStart = lines.start
                fields.removeAll(keepingCapacity: true)
                return true
            }
        }
    }

    /// Room for the fields of a browser's request.
    private static let usualFields = 16

    static func bit(ofLength length: Int) -> UInt64 { 1 << UInt64(truncatingIfNeeded: length & 63) }

    private mutating func readField(
        _ bytes: UnsafeRawBufferPointer, _ line: Range<Int>, limits: RequestParser.Limits
    ) throws(RequestError) {
        guard fields.count < limits.maxFields else { throw .tooManyFields }
        let field = try FieldPlace(bytes, line)
        if fields.capacity == 0 { fields.reserveCapacity(Self.usualFields) }
        fields.append(field)
        nameLengths |= Self.bit(ofLength: field.name.count)
        try meaning.read(
            name: UnsafeRawBufferPointer(rebasing: bytes[field.name]),
            value: UnsafeRawBufferPointer(rebasing: bytes[field.value]))
    }
}

/// Where the name and the value of a header field are.
struct FieldPlace: Hashable, Sendable {
    private let nameStart: UInt32
    private let nameEnd: UInt32
    private let valueStart: UInt32
    private let valueEnd: UInt32

    var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }

    /// The field in a line that holds no control characters but tabs.
    ///
    /// RFC 9112 section 5.
    init(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(RequestError) {
        guard !ByteClass.isBlank(bytes[line.lowerBound]) else { throw .foldedField }
        var colon = line.lowerBound
        while colon < line.upperBound, ByteClass.isToken(bytes[colon]) { colon += 1 }
        // Anything but a colon after the name, a blank above all, is what smuggling is made of.
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == UInt8(ascii: ":") else {
            throw .badField
        }
        var start = colon + 1
        var end = line.upperBound
        while start < end, ByteClass.isBlank(bytes[start]) { start += 1 }
        while start < end, ByteClass.isBlank(bytes[end - 1]) { end -= 1 }
        nameStart = UInt32(truncatingIfNeeded: line.lowerBound)
        nameEnd = UInt32(truncatingIfNeeded: colon)
        valueStart = UInt32(truncatingIfNeeded: start)
        valueEnd = UInt32(truncatingIfNeeded: end)
    }
}

internal import JSONScanner
internal import struct NIOCore.ByteBuffer

/// JSON that is being written from templates, and the binary that its placeholders stand for.
struct Rendering {
    var bytes: [UInt8] = []
    private(set) var attachments: [ByteBuffer]
    /// Whether binary may stand here; it may in events and acks, not in a socket's state.
    private let takesBinary: Bool
    /// Number of an attachment of the source → its number here: named twice, it is sent once.
    private var numbers: [Int: Int] = [:]

    init(attachments: [ByteBuffer] = [], takesBinary: Bool = true) {
        self.attachments = attachments
        self.takesBinary = takesBinary
    }

    /// Appends one JSON value: that of the expression.
    mutating func append(
        _ expression: Expression, pointer: String, asList: Bool = false, from source: some TemplateSource
    ) throws(TemplateError) {
        // Most events carry no binary, and then an object that looks like a placeholder is an object.
        let binary = source.attachments
        let reason = expression.withValue(in: source) { value -> TemplateError.Reason? in
            switch value {
            case .json(let json): return append(json, binary)
            case .list(let list):
                if !asList { bytes.append(UInt8(ascii: "[")) }
                let reason = append(list, binary)
                if !asList { bytes.append(UInt8(ascii: "]")) }
                return reason
            case .text(let text): bytes += JSONWriter.quoted(text)
            case .binary(let buffer):
                guard takesBinary else { return .binary }
                append(attachment: buffer)
            case .missing: return .missing
            }
            return nil
        }
        guard let reason else { return }
        throw TemplateError(pointer: pointer, expression: expression.description, reason: reason)
    }

    /// Appends a placeholder for this binary.
    mutating func append(attachment: ByteBuffer) {
        appendPlaceholder(attachments.count)
        attachments.append(attachment)
    }

    /// Every placeholder names an attachment.
    ///
    /// Without attachments there are no placeholders, only objects.
    ///
    /// Looked at in the end, since templates in keys can put together what looks like a placeholder.
    func isComplete(from start: Int = 0) -> Bool {
        guard !attachments.isEmpty else { return true }
        return bytes.withUnsafeBytes { all in
            JSONScanner.placeholders(in: UnsafeRawBufferPointer(rebasing: all[start...])).allSatisfy { placeholder in
                placeholder.number.map { $0 < attachments.count } ?? false
            }
        }
    }

    private mutating func append(_ json: UnsafeRawBufferPointer, _ binary: [ByteBuffer]) -> TemplateError.Reason? {
        guard !binary.isEmpty else {
            bytes += json
            return nil
        }
        var position = 0
        for placeholder in JSONScanner.placeholders(in: json) {
            guard takesBinary, let number = placeholder.number, number < binary.count else { return .binary }
            bytes += json[position..<placeholder.range.lowerBound]
            position = placeholder.range.upperBound
            if let known = numbers[number] {
                appendPlaceholder(known)
            } else {
                numbers[number] = attachments.count
                append(attachment: binary[number])
            }
        }
        bytes += json[position...]
        return nil
    }

    private mutating func appendPlaceholder(_ number: Int) {
        bytes += Array("{\"_placeholder\":true,\"num\":\(number)}".utf8)
    }
}

internal import JSONScanner
internal import struct NIOCore.ByteBuffer

/// Cuts JSON into what is copied and what is filled in.
struct JSONTemplateCompiler {
    private(set) var errors: [ActionError] = []
    private var segments: [JSONTemplate.Segment] = []
    /// What the placeholders of the document stand for.
    private let attachments: [ByteBuffer]
    /// The bytes of the value that is cut; its indices are offsets into the document.
    private var source: ArraySlice<UInt8> = []
    /// Up to where it has been copied.
    private var copied = 0

    init(attachments: [ByteBuffer] = []) {
        self.attachments = attachments
    }

    /// One JSON value.
    mutating func segments(of node: JSONNode, pointer: String) -> [JSONTemplate.Segment] {
        cut(from: node.range.lowerBound, to: node.range.upperBound, of: node) { compiler in
            compiler.visit(node, pointer)
        }
    }

    /// The elements of an array, with what stands between them, without the brackets.
    mutating func segments(ofElements array: JSONNode, pointer: String) -> [JSONTemplate.Segment] {
        let elements = array.elements
        guard let first = elements.first, let last = elements.last else { return [] }
        return cut(from: first.range.lowerBound, to: last.range.upperBound, of: array) { compiler in
            for (index, element) in elements.enumerated() {
                compiler.visit(element, "\(pointer)/\(index)")
            }
        }
    }

    private mutating func cut(
        from start: Int, to end: Int, of node: JSONNode, _ visit: (inout JSONTemplateCompiler) -> Void
    ) -> [JSONTemplate.Segment] {
        segments = []
        source = node.raw
        copied = start
        visit(&self)
        copy(to: end)
        return segments
    }

    private mutating func copy(to end: Int) {
        guard copied < end else { return }
        segments.append(.literal(Self.compact(source[copied..<end])))
        copied = end
    }

    /// Without the blanks and line breaks that a document has for people, so that they are not sent with every event.
    ///
    /// A piece never begins or ends inside a string: what is filled in replaces whole strings.
    private static func compact(_ json: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(json.count)
        var isInString = false
        var isEscaped = false
        for byte in json {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                isInString = true
            } else if byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
                continue
            }
            result.append(byte)
        }
        return result
    }

    private mutating func replace(_ range: Range<Int>, with segment: JSONTemplate.Segment) {
        copy(to: range.lowerBound)
        segments.append(segment)
        copied = range.upperBound
    }

    /// Recursion ends where the parser of the document did: at its depth limit.
    private mutating func visit(_ node: JSONNode, _ pointer: String) {
        switch node.kind {
        case .string:
            guard let template = template(node.string ?? "", node.range, pointer) else { return }
            if let expression = template.soleExpression {
                replace(node.range, with: .value(expression, pointer: pointer))
            } else {
                replace(node.range, with: .string(template))
            }
        case .array:
            for (index, element) in node.elements.enumerated() { visit(element, "\(pointer)/\(index)") }
        case .object:
            if node["_placeholder"]?.bool == true {
                placeholder(node, pointer)
                return
            }
            for member in node.members {
                let inner = "\(pointer)/\(JSONPointer.escape(member.key))"
                if let template = template(member.key, member.keyRange, inner) {
                    replace(member.keyRange, with: .string(template))
                }
                visit(member.value, inner)
            }
        case .number, .bool, .null: break
        }
    }

    private mutating func placeholder(_ node: JSONNode, _ pointer: String) {
        guard let number = node["num"]?.int, number >= 0, number < attachments.count else {
            errors.append(.init(pointer: pointer, message: "the placeholder has no attachment", range: node.range))
            return
        }
        replace(node.range, with: .attachment(attachments[number]))
    }

    /// Nil when the text has nothing to fill in, and when it is wrong, which is noted.
    private mutating func template(_ text: String, _ range: Range<Int>, _ pointer: String) -> Template? {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }) else { return nil }
        switch Template.compile(text, pointer: pointer, range: range) {
        case .success(let template): return template
        case .failure(let error):
            errors.append(error)
            return nil
        }
    }
}

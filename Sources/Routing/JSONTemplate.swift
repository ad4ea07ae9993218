package import JSONScanner
package import struct NIOCore.ByteBuffer

/// A JSON value of the configuration with templates inside its strings.
///
/// A string that is one expression becomes the JSON value itself; in a longer string the values are inserted as text.
/// Everything else is written byte for byte as it stands in the document.
package struct JSONTemplate: Sendable {
    enum Segment: Sendable {
        case literal([UInt8])
        /// The JSON value of an expression.
        case value(Expression, pointer: String)
        /// A JSON string around text.
        case string(Template)
        /// All arguments, with commas between them and without brackets.
        case argumentList(pointer: String)
        /// A placeholder for binary that the configuration holds itself.
        case attachment(ByteBuffer)
    }

    let segments: [Segment]

    init(segments: [Segment]) {
        self.segments = segments
    }

    /// Reads the templates of one JSON value.
    package static func compile(_ node: JSONNode, pointer: String) -> Result<JSONTemplate, ActionErrors> {
        var compiler = JSONTemplateCompiler()
        let segments = compiler.segments(of: node, pointer: pointer)
        guard compiler.errors.isEmpty else { return .failure(ActionErrors(compiler.errors)) }
        return .success(JSONTemplate(segments: segments))
    }

    /// The bytes, when there is nothing to fill in.
    package var literal: [UInt8]? {
        if segments.isEmpty { return [] }
        guard segments.count == 1, case .literal(let bytes) = segments[0] else { return nil }
        return bytes
    }

    /// Appends the JSON, and the binary that it refers to.
    package func render(
        into bytes: inout [UInt8], attachments: inout [ByteBuffer], from source: some TemplateSource
    ) throws(TemplateError) {
        var rendering = Rendering(attachments: attachments)
        try render(into: &rendering, from: source)
        guard rendering.isComplete() else {
            throw TemplateError(pointer: "", expression: "", reason: .invalid("a placeholder has no attachment"))
        }
        bytes += rendering.bytes
        attachments = rendering.attachments
    }

    func render(into rendering: inout Rendering, from source: some TemplateSource) throws(TemplateError) {
        for segment in segments {
            switch segment {
            case .literal(let bytes): rendering.bytes += bytes
            case .value(let expression, let pointer):
                try rendering.append(expression, pointer: pointer, from: source)
            case .string(let template):
                rendering.bytes.append(UInt8(ascii: "\""))
                try template.appendEscaped(to: &rendering.bytes, from: source)
                rendering.bytes.append(UInt8(ascii: "\""))
            case .argumentList(let pointer):
                try rendering.append(.arguments, pointer: pointer, asList: true, from: source)
            case .attachment(let buffer): rendering.append(attachment: buffer)
            }
        }
    }
}

package import JSONScanner
package import struct NIOCore.ByteBuffer

/// The ack of a route without a handler: the arguments of the client's callback.
package struct AckTemplate: Sendable {
    private let arguments: ArgumentsTemplate

    /// Reads a list of values, or `"{args}"` for the arguments as they came.
    package static func compile(_ node: JSONNode, pointer: String) -> Result<AckTemplate, ActionErrors> {
        var reader = ActionReader(mode: .template)
        let arguments = reader.arguments(node, pointer, attachments: [])
        guard let arguments, reader.errors.isEmpty else { return .failure(ActionErrors(reader.errors)) }
        return .success(AckTemplate(arguments: arguments))
    }

    /// Appends the arguments with commas between them, and the binary that they refer to.
    ///
    /// Placeholders are numbered on from the attachments that are there. Nothing is appended when it fails.
    package func render(
        into buffer: inout ByteBuffer, attachments: inout [ByteBuffer], _ source: some TemplateSource
    ) throws(TemplateError) {
        switch arguments {
        case .literal(let json, _): buffer.writeBytes(json)
        case .template(let template, let pointer):
            if template.isArgumentList, attachments.isEmpty, source.attachments.isEmpty {
                source.withArguments { _ = buffer.writeBytes($0) }
                return
            }
            var rendering = Rendering(attachments: attachments)
            try arguments.render(template, pointer, into: &rendering, source)
            buffer.writeBytes(rendering.bytes)
            attachments = rendering.attachments
        }
    }
}

extension JSONTemplate {
    /// Exactly `"{args}"` where a list is wanted.
    var isArgumentList: Bool {
        guard segments.count == 1, case .argumentList = segments[0] else { return false }
        return true
    }
}

internal import JSONScanner
internal import struct NIOCore.ByteBuffer

extension Expression {
    /// What an expression stands for in one event.
    enum Value {
        /// One JSON value, without whitespace around it. Valid during the call only.
        case json(UnsafeRawBufferPointer)
        /// JSON values with commas between them. Valid during the call only.
        case list(UnsafeRawBufferPointer)
        case text(String)
        case binary(ByteBuffer)
        case missing
    }

    /// Looks the expression up and lends its value.
    func withValue<R>(in source: some TemplateSource, _ body: (Value) -> R) -> R {
        switch self {
        case .arguments: source.withArguments { body(.list($0)) }
        case .argument(let index, let path): source.withArguments { body(Self.argument(index, path, in: $0)) }
        case .event: body(Self.text(source.eventName))
        case .namespace: body(.text(source.namespace))
        case .message: body(Self.message(source.message))
        case .user: body(Self.text(source.user))
        // A client that sends nothing with CONNECT has sent an empty object, as in Socket.IO.
        case .auth(let path): Self.lend(source.authJSON ?? Array("{}".utf8), path, body)
        case .socketID: body(Self.text(source.socketID))
        // Claims are often named by a URL, which has dots of its own.
        case .claim(let path): Self.lend(source.claim(path) ?? source.claim([path.joined(separator: ".")]), [], body)
        case .certificate(let path): Self.lend(source.certificateJSON, path, body)
        case .state(let path): Self.lend(source.state(path), [], body)
        case .query(let name): body(Self.text(source.query(name)))
        case .param(let name): body(Self.text(source.param(name)))
        }
    }

    private static func argument(_ index: Int, _ path: [String], in bytes: UnsafeRawBufferPointer) -> Value {
        guard !bytes.isEmpty, let range = JSONScanner.element(index, of: bytes) else { return .missing }
        let element = UnsafeRawBufferPointer(rebasing: bytes[range])
        guard !path.isEmpty else { return .json(element) }
        guard let inner = JSONPath.find(path, in: element) else { return .missing }
        return .json(UnsafeRawBufferPointer(rebasing: element[inner]))
    }

    private static func lend<R>(_ json: [UInt8]?, _ path: [String], _ body: (Value) -> R) -> R {
        guard let json else { return body(.missing) }
        return json.withUnsafeBytes { bytes in
            guard let range = JSONPath.find(path, in: bytes) else { return body(.missing) }
            return body(.json(UnsafeRawBufferPointer(rebasing: bytes[range])))
        }
    }

    private static func text(_ string: String?) -> Value {
        string.map(Value.text) ?? .missing
    }

    private static func message(_ message: MessageValue?) -> Value {
        switch message {
        case .text(let buffer): .text(String(decoding: buffer.readableBytesView, as: UTF8.self))
        case .binary(let buffer): .binary(buffer)
        case nil: .missing
        }
    }
}

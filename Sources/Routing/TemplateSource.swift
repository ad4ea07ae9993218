package import struct NIOCore.ByteBuffer

/// Where a template takes its values from: the event that is being handled.
///
/// JSON is handed over exactly as received, and must be valid: it is inserted as it is.
package protocol TemplateSource {
    var namespace: String { get }
    /// Nil for raw messages and lifecycle events.
    var eventName: String? { get }
    var user: String? { get }
    var socketID: String? { get }
    /// Lends the arguments: JSON values with commas between them; empty when there are none.
    func withArguments<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R
    /// What the placeholders in the arguments stand for.
    var attachments: [ByteBuffer] { get }
    /// The raw message that is handled.
    var message: MessageValue? { get }
    /// The JSON that came with CONNECT; nil when none did.
    var authJSON: [UInt8]? { get }
    /// The JSON of a claim of the verified token; the path leads through nested objects.
    func claim(_ path: [String]) -> [UInt8]?
    /// The JSON object of the names in the client's certificate; nil when it showed none.
    var certificateJSON: [UInt8]? { get }
    /// The JSON of a part of the socket's state.
    func state(_ path: [String]) -> [UInt8]?
    /// A parameter of the query of the request that opened the connection, decoded.
    func query(_ name: String) -> String?
    /// What a part of the namespace's name in braces stands for (see ``NamespacePattern``).
    func param(_ name: String) -> String?
    func isInRoom(_ room: String) -> Bool
}

extension TemplateSource {
    package var eventName: String? { nil }
    package var user: String? { nil }
    package var socketID: String? { nil }
    package func withArguments<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        body(UnsafeRawBufferPointer(start: nil, count: 0))
    }
    package var attachments: [ByteBuffer] { [] }
    package var message: MessageValue? { nil }
    package var authJSON: [UInt8]? { nil }
    package func claim(_ path: [String]) -> [UInt8]? { nil }
    package var certificateJSON: [UInt8]? { nil }
    package func state(_ path: [String]) -> [UInt8]? { nil }
    package func query(_ name: String) -> String? { nil }
    package func param(_ name: String) -> String? { nil }
    package func isInRoom(_ room: String) -> Bool { false }
}

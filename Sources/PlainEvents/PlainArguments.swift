internal import EngineIO
internal import JSONScanner
package import struct NIOCore.ByteBuffer

/// The arguments of an event or an ack as plain clients read them: JSON with its attachments put in.
///
/// These clients have no attachments, so each placeholder becomes `{"base64":"…"}` with the bytes themselves. One
/// attachment may be named by any number of placeholders, and Socket.IO sends it once; here it is written each time. How
/// much comes of that is worked out before a byte is written.
package struct PlainArguments {
    /// The most bytes that may be added by naming attachments more than once.
    ///
    /// The default of `maxHttpBufferSize`: what a message may have, it may have once more by repetition. Attachments that
    /// are named once are not limited by this: they were let in at their size.
    package static let maxRepeatedBytes = 1_000_000

    /// The most bytes of all arguments together.
    ///
    /// A quarter of what one buffer holds, so that doubling it never comes to its end.
    package static let maxBytes = 1 << 30

    private enum Text {
        case array([UInt8])
        case buffer(ByteBuffer)
    }

    private let text: Text
    private let attachments: [ByteBuffer]
    /// The placeholders that name one of them, in order.
    private let places: [(range: Range<Int>, number: Int)]
    /// How many bytes ``write(into:)`` writes.
    package let byteCount: Int

    /// `arguments`: JSON values with commas between them.
    ///
    /// `nil` when they would be larger than the limits allow.
    package init?(_ arguments: [UInt8], attachments: [ByteBuffer] = []) {
        self.init(.array(arguments), attachments)
    }

    package init?(_ arguments: ByteBuffer, attachments: [ByteBuffer] = []) {
        self.init(.buffer(arguments), attachments)
    }

    private init?(_ text: Text, _ attachments: [ByteBuffer]) {
        self.text = text
        self.attachments = attachments
        guard !attachments.isEmpty else {
            self.places = []
            self.byteCount = Self.withBytes(of: text) { $0.count }
            return
        }
        var places: [(range: Range<Int>, number: Int)] = []
        var isNamed = [Bool](repeating: false, count: attachments.count)
        var repeated = 0
        var total = Self.withBytes(of: text) { $0.count }
        for (range, number) in Self.withBytes(of: text, JSONScanner.placeholders) {
            guard let number, attachments.indices.contains(number) else { continue }
            let count = Self.opening.utf8CodeUnitCount + Base64.encodedLength(attachments[number].readableBytes) + 2
            if isNamed[number] { repeated += count }
            isNamed[number] = true
            total += count - range.count
            guard repeated <= Self.maxRepeatedBytes, total <= Self.maxBytes else { return nil }
            places.append((range, number))
        }
        self.places = places
        self.byteCount = total
    }

    private static let opening: StaticString = "{\"base64\":\""

    package func write(into buffer: inout ByteBuffer) {
        Self.withBytes(of: self.text) { text in
            var start = 0
            for (range, number) in self.places {
                buffer.writeBytes(text[start..<range.lowerBound])
                buffer.writeStaticString(Self.opening)
                self.attachments[number].withUnsafeReadableBytes { Base64.encode($0, into: &buffer) }
                buffer.writeStaticString("\"}")
                start = range.upperBound
            }
            buffer.writeBytes(text[start...])
        }
    }

    private static func withBytes<Result>(of text: Text, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch text {
        case .array(let bytes): bytes.withUnsafeBytes(body)
        case .buffer(let bytes): bytes.withUnsafeReadableBytes(body)
        }
    }
}

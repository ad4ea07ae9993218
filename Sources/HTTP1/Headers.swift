package import struct NIOCore.ByteBuffer

/// The header fields of a request, as places in the bytes that were received.
///
/// Nothing is copied or decoded until somebody asks. It keeps the received buffer's memory alive; whoever writes to
/// that buffer in the meantime makes it copy.
package struct Headers: Sendable, Sequence {
    let head: RequestHead

    private var block: ByteBuffer { head.block }
    private var fields: [FieldPlace] { head.fields }

    package var count: Int { fields.count }

    /// The value of the first field of that name, which has to be lowercase; without surrounding blanks.
    ///
    /// Bytes that are not UTF-8 become U+FFFD.
    package func first(_ lowercasedName: String) -> String? {
        place(of: lowercasedName).map { string($0.value) }
    }

    /// The bytes of the first field of that name, which has to be lowercase.
    package func bytes(of lowercasedName: String) -> ByteBuffer? {
        place(of: lowercasedName).flatMap {
            block.getSlice(at: block.readerIndex + $0.value.lowerBound, length: $0.value.count)
        }
    }

    /// Calls `body` with the bytes of the first field of that name, which has to be lowercase; nil when there is none.
    package func withValue<R>(of lowercasedName: String, _ body: (UnsafeRawBufferPointer) -> R) -> R? {
        guard let place = place(of: lowercasedName) else { return nil }
        return block.withUnsafeReadableBytes { body(UnsafeRawBufferPointer(rebasing: $0[place.value])) }
    }

    /// Whether the first field of that name begins with `prefix`, letters of any case; both have to be lowercase.
    package func value(of lowercasedName: String, hasPrefix prefix: StaticString) -> Bool {
        withValue(of: lowercasedName) { value in
            let start = UnsafeRawBufferPointer(rebasing: value.prefix(prefix.utf8CodeUnitCount))
            return start.equalsIgnoringCase(prefix)
        } ?? false
    }

    /// The values of all fields of that name, which has to be lowercase, in order.
    package func values(of lowercasedName: String) -> [String] {
        guard mayHave(lowercasedName) else { return [] }
        return block.withUnsafeReadableBytes { bytes in
            fields.lazy
                .filter { Self.matches(bytes, $0.name, lowercasedName) }
                .map { String(decoding: bytes[$0.value], as: UTF8.self) }
        }
    }

    /// How many fields have that name, which has to be lowercase.
    package func count(of lowercasedName: String) -> Int {
        guard mayHave(lowercasedName) else { return 0 }
        return block.withUnsafeReadableBytes { bytes in
            fields.reduce(0) { $0 + (Self.matches(bytes, $1.name, lowercasedName) ? 1 : 0) }
        }
    }

    /// All fields in order, names as the client wrote them.
    package func makeIterator() -> AnyIterator<(name: String, value: String)> {
        var places = fields.makeIterator()
        return AnyIterator {
            places.next().map { (name: string($0.name), value: string($0.value)) }
        }
    }

    private func mayHave(_ name: String) -> Bool {
        head.nameLengths & HeadScanner.bit(ofLength: name.utf8.count) != 0
    }

    private func place(of name: String) -> FieldPlace? {
        guard mayHave(name) else { return nil }
        return block.withUnsafeReadableBytes { bytes in
            fields.first { Self.matches(bytes, $0.name, name) }
        }
    }

    private func string(_ range: Range<Int>) -> String {
        block.withUnsafeReadableBytes { String(decoding: $0[range], as: UTF8.self) }
    }

    private static func matches(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ lowercased: String) -> Bool {
        guard range.count == lowercased.utf8.count else { return false }
        var index = range.lowerBound
        for byte in lowercased.utf8 {
            guard ByteClass.lowercased(bytes[index]) == byte else { return false }
            index += 1
        }
        return true
    }
}

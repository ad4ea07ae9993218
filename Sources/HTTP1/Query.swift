package import struct NIOCore.ByteBuffer

/// The `key=value` pairs of a target's query, decoded when asked for.
///
/// Separated by `&`, percent-decoded once, `+` is a space. Bytes that are not UTF-8 become U+FFFD. A pair without `=`
/// has an empty value.
package struct Query: Sendable, Sequence {
    private let bytes: ByteBuffer

    package init(bytes: ByteBuffer) {
        self.bytes = bytes
    }

    /// The value of `key`; nil when it is missing.
    ///
    /// A key that is there twice is an error: two readers might take different ones.
    package func single(_ key: String) throws(RequestError) -> String? {
        var found: String?
        for pair in self where pair.key == key {
            guard found == nil else { throw .repeatedQueryKey }
            found = pair.value
        }
        return found
    }

    /// The first value of `key`.
    package func first(_ key: String) -> String? {
        first { $0.key == key }?.value
    }

    /// All pairs in order.
    package func makeIterator() -> Iterator {
        Iterator(rest: bytes)
    }

    package struct Iterator: IteratorProtocol {
        var rest: ByteBuffer

        package mutating func next() -> (key: String, value: String)? {
            while rest.readableBytes > 0 {
                let (length, pair) = rest.withUnsafeReadableBytes { bytes in
                    let end = bytes.firstIndex(of: UInt8(ascii: "&")) ?? bytes.count
                    return (Swift.min(end + 1, bytes.count), Self.pair(UnsafeRawBufferPointer(rebasing: bytes[..<end])))
                }
                rest.moveReaderIndex(forwardBy: length)
                if let pair { return pair }
            }
            return nil
        }

        private static func pair(_ bytes: UnsafeRawBufferPointer) -> (key: String, value: String)? {
            guard !bytes.isEmpty else { return nil }
            let equals = bytes.firstIndex(of: UInt8(ascii: "=")) ?? bytes.count
            return (string(bytes[..<equals]), string(bytes[Swift.min(equals + 1, bytes.count)...]))
        }

        private static func string(_ slice: Slice<UnsafeRawBufferPointer>) -> String {
            String(
                decoding: PercentEncoding.decode(UnsafeRawBufferPointer(rebasing: slice), plusIsSpace: true),
                as: UTF8.self)
        }
    }
}

import Routing

extension Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// How many characters ``encode(_:)`` makes of so many bytes.
    static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Base 64 with padding and without line breaks, as ASCII.
    static func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        let padding = UInt8(ascii: "=")
        return [UInt8](unsafeUninitializedCapacity: encodedCount(bytes.count)) { output, count in
            alphabet.withUnsafeBufferPointer { letters in
                for source in stride(from: 0, to: bytes.count, by: 3) {
                    let available = bytes.count - source
                    var group = UInt32(bytes[source]) << 16
                    if available > 1 { group |= UInt32(bytes[source + 1]) << 8 }
                    if available > 2 { group |= UInt32(bytes[source + 2]) }
                    output[count] = letters[Int(group >> 18 & 63)]
                    output[count + 1] = letters[Int(group >> 12 & 63)]
                    output[count + 2] = available > 1 ? letters[Int(group >> 6 & 63)] : padding
                    output[count + 3] = available > 2 ? letters[Int(group & 63)] : padding
                    count += 4
                }
            }
        }
    }
}

/// The XOR that a client lays over what it sends.
///
/// RFC 6455 section 5.3.
package enum Masking {
    /// Masks or unmasks `bytes` in place.
    ///
    /// The lowest byte of `key` belongs to the first byte.
    package static func apply(_ key: UInt32, to bytes: UnsafeMutableRawBufferPointer) {
        guard key != 0, let base = bytes.baseAddress else { return }
        let count = bytes.count
        let wide = ((UInt64(key) << 32) | UInt64(key)).littleEndian
        var index = 0
        while count - index >= 8 {
            let word = base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            base.storeBytes(of: word ^ wide, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        var rest = key
        while index < count {
            let byte = base.load(fromByteOffset: index, as: UInt8.self)
            base.storeBytes(of: byte ^ UInt8(truncatingIfNeeded: rest), toByteOffset: index, as: UInt8.self)
            rest >>= 8
            // At most seven bytes are left: after four of them the key starts over.
            if index & 3 == 3 { rest = key }
            index += 1
        }
    }

    /// The key as it applies `count` bytes further on.
    package static func advance(_ key: UInt32, by count: Int) -> UInt32 {
        let shift = UInt32(truncatingIfNeeded: count & 3) * 8
        return shift == 0 ? key : (key >> shift) | (key << (32 - shift))
    }
}

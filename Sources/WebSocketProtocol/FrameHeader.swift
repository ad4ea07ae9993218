/// The head of one client frame, checked as far as it can be without knowing the frames before it.
struct FrameHeader {
    /// 2 bytes, up to 8 of extended length, 4 of masking key.
    static let maximumLength = 14

    var opcode: Opcode
    var isFinal: Bool
    var isCompressed: Bool
    var payloadLength: UInt64
    var maskingKey: UInt32
    var byteCount: Int

    /// The header at the start of `bytes`; nil when more bytes are needed.
    ///
    /// Every rule is checked as soon as the byte that breaks it is there, so the verdict does not depend on how the
    /// bytes were split. `check` sees the first byte's meaning before the second byte is looked at.
    static func parse(
        _ bytes: UnsafeRawBufferPointer,
        check: (Opcode, _ isFinal: Bool, _ isCompressed: Bool) throws(WebSocketError) -> Void
    ) throws(WebSocketError) -> FrameHeader? {
        guard bytes.count >= 1 else { return nil }
        let first = bytes[0]
        guard first & 0x30 == 0 else { throw .reservedBits }
        guard let opcode = Opcode(rawValue: first & 0x0F) else { throw .reservedOpcode }
        let isFinal = first & 0x80 != 0
        let isCompressed = first & 0x40 != 0
        guard isFinal || !opcode.isControl else { throw .fragmentedControl }
        try check(opcode, isFinal, isCompressed)

        guard bytes.count >= 2 else { return nil }
        let second = bytes[1]
        guard second & 0x80 != 0 else { throw .unmaskedFrame }
        let short = second & 0x7F
        guard short <= 125 || !opcode.isControl else { throw .controlTooLong }

        var length = UInt64(short)
        var offset = 2
        if short == 126 {
            guard bytes.count >= 4 else { return nil }
            length = UInt64(UInt16(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self)))
            guard length > 125 else { throw .nonMinimalLength }
            offset = 4
        } else if short == 127 {
            guard bytes.count >= 10 else { return nil }
            length = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 2, as: UInt64.self))
            guard length >> 63 == 0 else { throw .lengthTooBig }
            guard length > 0xFFFF else { throw .nonMinimalLength }
            offset = 10
        }
        guard bytes.count >= offset + 4 else { return nil }
        let key = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        return FrameHeader(
            opcode: opcode, isFinal: isFinal, isCompressed: isCompressed,
            payloadLength: length, maskingKey: key, byteCount: offset + 4)
    }
}

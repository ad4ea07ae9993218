/// `token`, of which names in HTTP header fields are made.
///
/// RFC 9110 section 5.6.2.
enum Token {
    static func isValid(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.allSatisfy(contains)
    }

    /// Whether a token may contain `byte`: a bit per ASCII character.
    static func contains(_ byte: UInt8) -> Bool {
        byte < 128
            && ((byte < 64 ? 0x03FF_6CFA_0000_0000 : 0x57FF_FFFF_C7FF_FFFE) as UInt64) >> UInt64(byte & 63) & 1 == 1
    }
}

/// Lengths in UTF-16 code units, as JavaScript counts them, of text that is in UTF-8.
enum UTF16Length {
    /// The code units of well-formed UTF-8: one for each character, two for those of four bytes.
    static func count(_ text: UnsafeRawBufferPointer) -> Int {
        var units = 0
        for byte in text {
            units &+= byte & 0xc0 == 0x80 ? 0 : byte >= 0xf0 ? 2 : 1
        }
        return units
    }

    enum Prefix: Hashable {
        /// So many bytes hold the code units.
        case bytes(Int)
        /// The text ends before, or in the middle of a character.
        case tooShort
        /// The last code unit is the first half of a character.
        case splitsCharacter
        case notUTF8
    }

    /// How many bytes at the front of `text` hold `units` code units.
    ///
    /// Looks at the first byte of each character only: whether the others are right is for a validator to say.
    static func prefix(_ units: Int, of text: UnsafeRawBufferPointer) -> Prefix {
        var units = units
        var position = 0
        while units > 0 {
            guard position < text.count else { return .tooShort }
            switch text[position] {
            case ..<0x80: position += 1
            case 0xc2..<0xe0: position += 2
            case 0xe0..<0xf0: position += 3
            case 0xf0..<0xf5:
                position += 4
                units -= 1
                guard units > 0 else { return .splitsCharacter }
            default: return .notUTF8
            }
            units -= 1
        }
        return position <= text.count ? .bytes(position) : .tooShort
    }
}

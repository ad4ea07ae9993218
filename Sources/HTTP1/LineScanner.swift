/// Finds the end of the line that starts at a place, once per byte however the bytes arrive.
///
/// A line ends with CR LF and with nothing else; a control character other than a tab ends the request.
struct LineScanner {
    enum Result: Hashable {
        /// Not there yet.
        case incomplete
        /// The line's bytes, without CR LF.
        case line(Range<Int>)
        /// Longer than allowed.
        case tooLong
    }

    private(set) var start: Int
    /// Everything before this has been looked at.
    private var scanned: Int

    init(start: Int = 0) {
        self.start = start
        self.scanned = start
    }

    /// Whether no byte has been looked at.
    var isUntouched: Bool { scanned == 0 }

    /// The next line in `bytes`, which has to hold all that it held at the last call, and maybe more.
    ///
    /// `limit` is for the bytes without CR LF. Which verdict is given depends on where the first wrong byte is, not on
    /// how much of the line has arrived.
    mutating func next(_ bytes: UnsafeRawBufferPointer, limit: Int) throws(RequestError) -> Result {
        let overflow = start + limit
        while true {
            let found = Self.firstControl(in: bytes, from: scanned)
            guard found <= overflow else { return .tooLong }
            scanned = found
            guard found < bytes.count else { return .incomplete }
            let byte = bytes[found]
            if byte == 0x09 {
                guard found < overflow else { return .tooLong }
                scanned = found + 1
                continue
            }
            guard byte == 0x0D else { throw .badLineEnd }
            guard found + 1 < bytes.count else { return .incomplete }
            guard bytes[found + 1] == 0x0A else { throw .badLineEnd }
            let line = start..<found
            start = found + 2
            scanned = start
            return .line(line)
        }
    }

    /// The first byte below 0x20, or 0x7F, at or after `start`; the count when there is none.
    static func firstControl(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        let count = bytes.count
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while count - index >= 8 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            let delete = word ^ (ones &* 0x7F)
            // The classic "has a byte less than n" and "has a zero byte"; exact up to and including the lowest hit.
            let hits = ((word &- ones &* 0x20) & ~word | (delete &- ones) & ~delete) & highs
            guard hits == 0 else { return index + hits.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < count {
            let byte = bytes[index]
            if byte < 0x20 || byte == 0x7F { return index }
            index += 1
        }
        return count
    }
}

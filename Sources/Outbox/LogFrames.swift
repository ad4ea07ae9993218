/// Goes through the frames of a write-ahead log in order and tells whether SQLite would pass over committed ones.
///
/// sqlite.org/fileformat2.html, section 4. SQLite believes a log up to the first frame whose checksum is wrong, and takes
/// what follows for the rest of a transaction that was never committed. That is so after a crash. But a transaction is
/// begun in the log only when the one before it is on the disk: where one has been committed behind the wrong frame and
/// another follows, the frame was right once, and what clients have been told is stored lies behind it.
struct LogFrames {
    static let headLength = 32
    static let frameHeadLength = 24
    /// What an outbox is made with, for a log whose head cannot be read.
    static let usualPageSize = 4_096

    /// Two sums over words of four bytes; each frame goes on with those of the frame before it.
    struct Sums: Hashable {
        var first: UInt32 = 0
        var second: UInt32 = 0
        /// Of the words, as the log's first number says.
        var isBigEndian: Bool

        /// - Parameter bytes: a multiple of eight; what is more does not count.
        mutating func add(_ bytes: UnsafeRawBufferPointer) {
            for place in stride(from: 0, to: bytes.count & ~7, by: 8) {
                first &+= word(bytes, place) &+ second
                second &+= word(bytes, place + 4) &+ first
            }
        }

        private func word(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt32 {
            let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
            return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
        }
    }

    let pageSize: Int
    /// Which life of the log its frames are of; `nil` until a frame tells it, because the head does not.
    private var salts: UInt64?
    private var sums: Sums
    /// The number of the first wrong frame; 0 when it is the head.
    private(set) var firstWrong: Int?
    private var count = 0
    /// A transaction has been committed by the frame before this one, at or behind the wrong one.
    private var followsCommit = false
    /// Whole frames behind the wrong one.
    private var wholeBehind = 0
    private var isProven = false

    /// - Parameters:
    ///   - head: The first ``headLength`` bytes of the log.
    ///   - pageSize: Of the database, should the head not tell.
    init?(head: UnsafeRawBufferPointer, pageSize: Int) {
        guard head.count == Self.headLength else { return nil }
        let magic = Self.number(head, 0)
        var sums = Sums(isBigEndian: magic == 0x377f_0683)
        sums.add(UnsafeRawBufferPointer(rebasing: head[..<24]))
        let written = Int(Self.number(head, 8))
        let isRight =
            [0x377f_0682, 0x377f_0683].contains(magic) && sums.first == Self.number(head, 24)
            && sums.second == Self.number(head, 28) && (512...65_536).contains(written)
        self.pageSize = isRight ? written : pageSize
        salts = isRight ? Self.salts(head, 16) : nil
        self.sums = sums
        firstWrong = isRight ? nil : 0
    }

    /// Frames that are whole, of committed transactions as a rule, and will be passed over; 0 when that cannot be said.
    var lost: Int { isProven ? wholeBehind : 0 }

    /// The next frame, head and page.
    mutating func add(_ frame: UnsafeRawBufferPointer) {
        count += 1
        let ownSalts = Self.salts(frame, 8)
        if salts == nil { salts = ownSalts }
        sums.add(UnsafeRawBufferPointer(rebasing: frame[..<8]))
        sums.add(UnsafeRawBufferPointer(rebasing: frame[Self.frameHeadLength...]))
        let isOfThisLife = ownSalts == salts
        let written = (Self.number(frame, 16), Self.number(frame, 20))
        let isWhole = isOfThisLife && sums.first == written.0 && sums.second == written.1
        if firstWrong == nil, !isWhole { firstWrong = count }
        if firstWrong != nil {
            if isWhole {
                wholeBehind += 1
                if followsCommit { isProven = true }
            }
            // The size of the database stands in the last frame of a transaction.
            followsCommit = isOfThisLife && Self.number(frame, 4) != 0
        }
        // Whoever wrote the next one went on from these.
        (sums.first, sums.second) = written
    }

    private static func number(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    }

    private static func salts(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt64 {
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
    }
}

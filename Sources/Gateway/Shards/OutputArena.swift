import struct NIOCore.ByteBuffer

/// What all connections of a loop are to be sent: with this turn, or as bulk over several.
///
/// A connection's output is a linked list of pieces; a piece is a range of a buffer that many connections may share, or of
/// the scratch buffer that collects small answers. Nothing is allocated or retained for a piece, and a connection carries
/// eight bytes of it. Everything is dropped at once, when nothing of it is left to be sent.
struct OutputArena {
    /// The pieces of one connection, in order.
    struct List {
        fileprivate var head: UInt32 = .max
        fileprivate var tail: UInt32 = .max

        init() {}

        var isEmpty: Bool { self.head == .max }
    }

    /// A buffer that was added since the last ``removeAll()``.
    struct BufferID: Hashable {
        fileprivate var index: UInt32
    }

    fileprivate struct Piece {
        var buffer: UInt32
        var start: UInt32
        var length: UInt32
        var next: UInt32
    }

    private static let scratchIndex = UInt32.max

    private var pieces: ContiguousArray<Piece> = []
    private var buffers: ContiguousArray<ByteBuffer> = []
    private var scratch = ByteBuffer()

    init() {}

    /// How many pieces there are in all lists together, those included that have been sent since the last
    /// ``removeAll()``.
    var pieceCount: Int { self.pieces.count }
    /// Of all buffers together, in the same way.
    var byteCount: Int { self.bufferBytes + self.scratch.readableBytes }
    private var bufferBytes = 0

    /// Makes a buffer known, once for all its receivers.
    mutating func add(_ buffer: ByteBuffer) -> BufferID {
        self.buffers.append(buffer)
        self.bufferBytes += buffer.readableBytes
        return BufferID(index: UInt32(self.buffers.count - 1))
    }

    /// Appends all readable bytes of a shared buffer to a connection's list.
    ///
    /// Returns their number.
    mutating func append(_ id: BufferID, to list: inout List) -> Int {
        self.append(self.piece(id), to: &list)
    }

    /// A shared buffer as it is appended to many lists.
    struct SharedPiece {
        fileprivate var piece: Piece
    }

    func piece(_ id: BufferID) -> SharedPiece {
        let length = UInt32(truncatingIfNeeded: self.buffers[Int(id.index)].readableBytes)
        return SharedPiece(piece: Piece(buffer: id.index, start: 0, length: length, next: .max))
    }

    /// The same as with the id of its buffer, for who appends it often.
    mutating func append(_ shared: SharedPiece, to list: inout List) -> Int { self.append(shared.piece, to: &list) }

    /// Lets `body` write an answer for one connection straight into the scratch buffer.
    ///
    /// Returns the number of its bytes.
    mutating func append(to list: inout List, _ body: (inout ByteBuffer) -> Void) -> Int {
        let start = self.scratch.writerIndex
        body(&self.scratch)
        let length = self.scratch.writerIndex - start
        return self.append(
            Piece(
                buffer: Self.scratchIndex, start: UInt32(truncatingIfNeeded: start),
                length: UInt32(truncatingIfNeeded: length), next: .max),
            to: &list
        )
    }

    /// The same for something with a header whose size depends on the length of what follows it: `header` is given that
    /// length and may write at most `headerRoom` bytes.
    mutating func append(
        to list: inout List, headerRoom: Int, _ body: (inout ByteBuffer) -> Void,
        header: (Int, inout ByteBuffer) -> Void
    ) -> Int {
        let room = self.scratch.writerIndex
        self.scratch.writeRepeatingByte(0, count: headerRoom)
        body(&self.scratch)
        let end = self.scratch.writerIndex
        let length = end - room - headerRoom
        // Written behind the body to learn its size, then moved to where it belongs.
        header(length, &self.scratch)
        let headerLength = self.scratch.writerIndex - end
        precondition(headerLength <= headerRoom)
        let start = room + headerRoom - headerLength
        // Both ranges were just written, so the copy cannot fail.
        _ = try? self.scratch.copyBytes(at: end, to: start, length: headerLength)
        self.scratch.moveWriterIndex(to: end)
        return self.append(
            Piece(
                buffer: Self.scratchIndex, start: UInt32(truncatingIfNeeded: start),
                length: UInt32(truncatingIfNeeded: headerLength + length), next: .max),
            to: &list)
    }

    private mutating func append(_ piece: Piece, to list: inout List) -> Int {
        guard piece.length > 0 else { return 0 }
        let index = UInt32(self.pieces.count)
        self.pieces.append(piece)
        if list.isEmpty {
            list.head = index
        } else {
            self.pieces[Int(list.tail)].next = index
        }
        list.tail = index
        return Int(piece.length)
    }

    /// The bytes of a list when it is a single piece, or what `gather` holds after collecting them; `nil` when `gather` is
    /// too small for them.
    func withBytes<Result>(
        of list: List, gather: UnsafeMutableRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result? {
        var gathering = Gathering(in: gather)
        return self.bytes(of: list, &gathering).map(body)
    }

    /// Where the bytes of several lists are collected side by side.
    struct Gathering {
        fileprivate let room: UnsafeMutableRawBufferPointer
        fileprivate var filled = 0
        fileprivate var latest: (list: List, bytes: UnsafeRawBufferPointer)?

        init(in room: UnsafeMutableRawBufferPointer) { self.room = room }

        /// Nothing was collected yet.
        var isEmpty: Bool { self.filled == 0 }
    }

    /// The bytes of a list, in one place; `nil` when what is left of the room is too small for them.
    ///
    /// Valid until the arena changes: its buffers stay where they are, because it holds on to them.
    func bytes(of list: List, _ gathering: inout Gathering) -> UnsafeRawBufferPointer? {
        guard !list.isEmpty else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let first = self.pieces[Int(list.head)]
        if first.next == .max { return self.withBytes(of: first) { $0 } }
        // The members of a room get the same messages: they share what was collected for the first.
        if let (latest, bytes) = gathering.latest, self.isEqual(list, latest) { return bytes }
        let start = gathering.filled
        var filled = start
        var index = list.head
        while index != .max {
            let piece = self.pieces[Int(index)]
            let length = Int(piece.length)
            guard length <= gathering.room.count - filled else { return nil }
            self.withBytes(of: piece) { bytes in
                UnsafeMutableRawBufferPointer(rebasing: gathering.room[filled..<filled + length])
                    .copyMemory(from: bytes)
            }
            filled += length
            index = piece.next
        }
        gathering.filled = filled
        let bytes = UnsafeRawBufferPointer(rebasing: gathering.room[start..<filled])
        gathering.latest = (list, bytes)
        return bytes
    }

    /// Whether two lists are of the same pieces.
    private func isEqual(_ list: List, _ other: List) -> Bool {
        var (index, second) = (list.head, other.head)
        while index != .max, second != .max {
            let (piece, match) = (self.pieces[Int(index)], self.pieces[Int(second)])
            guard piece.buffer == match.buffer, piece.start == match.start, piece.length == match.length else {
                return false
            }
            (index, second) = (piece.next, match.next)
        }
        return index == second
    }

    /// The pieces of a list as buffers that outlive the arena; shared ones stay shared unless they are small.
    func buffers(of list: List) -> [ByteBuffer] {
        var result: [ByteBuffer] = []
        /// The last one is our own copy.
        var joins = false
        var index = list.head
        while index != .max {
            let piece = self.pieces[Int(index)]
            if piece.buffer != Self.scratchIndex, piece.length > DirectWriter.small {
                result.append(self.buffers[Int(piece.buffer)])
                joins = false
            } else {
                // A copy: a slice would keep the whole scratch memory alive. Small ones share a buffer, because
                // each of its own takes more memory than its bytes.
                self.withBytes(of: piece) { bytes in
                    if joins {
                        result[result.count - 1].writeBytes(bytes)
                    } else {
                        result.append(ByteBuffer(bytes: bytes))
                    }
                }
                joins = true
            }
            index = piece.next
        }
        return result
    }

    /// Everything has been sent.
    mutating func removeAll() {
        // A large one must not pin its memory for good.
        self.pieces.removeAll(keepingCapacity: self.pieces.count < 65_536)
        self.buffers.removeAll(keepingCapacity: self.buffers.count < 4_096)
        self.bufferBytes = 0
        if self.scratch.capacity > 1 << 20 {
            self.scratch = ByteBuffer()
        } else {
            self.scratch.clear()
        }
    }

    private func withBytes<Result>(of piece: Piece, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        if piece.buffer == Self.scratchIndex {
            return self.scratch.withUnsafeReadableBytes { bytes in
                let start = Int(piece.start) - self.scratch.readerIndex
                return body(UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(piece.length)]))
            }
        }
        return self.buffers[Int(piece.buffer)].withUnsafeReadableBytes(body)
    }
}

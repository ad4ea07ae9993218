/// Memory for what has arrived of a message or control frame that is not complete yet.
///
/// It stays where it is between calls, so that a pointer into it can be handed out; an array promises no such thing.
/// Grows with what has arrived, never with what a length field announces.
struct AssemblyBuffer: ~Copyable {
    private var base: UnsafeMutableRawPointer?
    private var capacity = 0
    private(set) var count = 0

    init() {}

    deinit { base?.deallocate() }

    /// Makes room for `extra` bytes.
    ///
    /// `total` is how long the whole becomes, where that is known.
    private mutating func reserve(_ extra: Int, total: Int?) {
        guard capacity - count < extra else { return }
        // Doubling keeps the copying linear. A known total is met exactly once it is near, and not trusted before.
        let doubled = max(capacity * 2, 4096)
        let grown = max(count + extra, total.map { min(doubled, $0) } ?? doubled)
        let new = UnsafeMutableRawPointer.allocate(byteCount: grown, alignment: 8)
        if let base {
            new.copyMemory(from: base, byteCount: count)
            base.deallocate()
        }
        base = new
        capacity = grown
    }

    /// Appends `bytes` and returns where they are now.
    mutating func append(_ bytes: UnsafeRawBufferPointer, total: Int?) -> UnsafeMutableRawBufferPointer {
        reserve(bytes.count, total: total)
        guard let base, let source = bytes.baseAddress else {
            return UnsafeMutableRawBufferPointer(start: nil, count: 0)
        }
        let target = base + count
        target.copyMemory(from: source, byteCount: bytes.count)
        count += bytes.count
        return UnsafeMutableRawBufferPointer(start: target, count: bytes.count)
    }

    /// The bytes from `start` on; valid until the buffer is changed.
    func bytes(from start: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base.map { $0 + start }, count: count - start)
    }

    /// Forgets what is behind the first `length` bytes, and gives the memory back when nothing remains.
    mutating func truncate(to length: Int) {
        count = length
        guard length == 0 else { return }
        base?.deallocate()
        base = nil
        capacity = 0
    }
}

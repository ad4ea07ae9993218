import struct NIOCore.ByteBuffer

/// The memory that one call of an engine lends to OpenSSL: records to read, and where to append records.
///
/// Between calls it lends nothing, so an idle connection holds no buffer of ours. It also keeps count of what OpenSSL
/// reports while it reads.
struct RecordWindow {
    /// What the peer sent and OpenSSL has not read yet.
    var input = UnsafeRawBufferPointer(start: nil, count: 0)
    /// Where records go; nil between calls.
    var output: UnsafeMutablePointer<ByteBuffer>?
    /// How many bytes may still be read before the handshake is complete.
    var handshakeBudget: Int
    /// KeyUpdate messages that came in during this call.
    var keyUpdates = 0
    /// The peer asked for a new handshake within the connection (TLS 1.2) and was told no.
    var renegotiationRefused = false

    /// Copies what is there, at most `capacity` bytes.
    ///
    /// Returns how many; 0 when the peer has to send more first.
    mutating func read(into destination: UnsafeMutableRawPointer, capacity: Int) -> Int {
        let count = min(capacity, self.input.count, self.handshakeBudget)
        guard count > 0, let source = self.input.baseAddress else { return 0 }
        destination.copyMemory(from: source, byteCount: count)
        self.input = UnsafeRawBufferPointer(rebasing: self.input[count...])
        if self.handshakeBudget != .max { self.handshakeBudget -= count }
        return count
    }

    /// Appends to the output.
    ///
    /// Returns false when none is lent, which ends the connection with an error.
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let output = self.output else { return false }
        output.pointee.writeBytes(bytes)
        return true
    }

    /// Drops what has not been read: OpenSSL comes back from its loop and the engine can act.
    mutating func stopReading() {
        self.input = UnsafeRawBufferPointer(start: nil, count: 0)
    }
}

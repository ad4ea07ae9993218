import Glibc

/// Bytes that are to go out on a socket this turn, and how that has ended.
struct SocketSend {
    let descriptor: CInt
    /// They stay where they are until the send has ended.
    let bytes: UnsafeRawBufferPointer
    /// `nil` until it has ended.
    var outcome: DirectWriter.Outcome?

    init(_ bytes: UnsafeRawBufferPointer, to descriptor: CInt) {
        self.descriptor = descriptor
        self.bytes = bytes
    }

    /// The kernel has said how it ended: the number of bytes that it took, or an error as a negative number.
    mutating func end(_ answer: CInt) {
        self.outcome =
            switch answer {
            case 0...: .wrote(Int(answer))
            case -EAGAIN, -EINTR: .wrote(0)
            default: .failed(errno: -answer)
            }
    }

    /// Makes it, by a call of its own.
    mutating func make() {
        self.outcome = DirectWriter.offer(self.bytes, to: self.descriptor)
    }
}

import Glibc

/// Two connected sockets: one that is sent to, and its peer.
final class SocketEnds {
    let near: CInt
    private(set) var far: CInt

    /// `sendBuffer` in bytes; the kernel makes at least some 4 KB of it.
    init(sendBuffer: CInt? = nil) {
        var ends: [CInt] = [0, 0]
        precondition(socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        (self.near, self.far) = (ends[0], ends[1])
        if var size = sendBuffer {
            setsockopt(self.near, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
    }

    deinit {
        self.hangUp()
        close(self.near)
    }

    /// The peer is gone.
    func hangUp() {
        if self.far >= 0 { close(self.far) }
        self.far = -1
    }

    /// What the peer has to read, at most `limit` bytes of it.
    func read(_ limit: Int = .max) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < limit {
            let chunk = withUnsafeTemporaryAllocation(byteCount: min(16_384, limit - bytes.count), alignment: 1) {
                room in
                let count = recv(self.far, room.baseAddress, room.count, CInt(MSG_DONTWAIT))
                bytes.append(contentsOf: room.prefix(max(0, count)))
                return count
            }
            if chunk <= 0 { break }
        }
        return bytes
    }

    func readText() -> String { String(decoding: self.read(), as: UTF8.self) }
}

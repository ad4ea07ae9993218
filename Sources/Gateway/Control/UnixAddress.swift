import Glibc

/// The address of a unix socket: a path, or a name in the abstract namespace of Linux, written with `@` in front.
struct UnixAddress: Sendable {
    private let bytes: [UInt8]

    /// `nil` when it is empty or longer than the kernel takes (unix(7)).
    init?(path: String) {
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < Self.capacity, !bytes.contains(0) else { return nil }
        self.bytes = bytes
    }

    /// As in `NOTIFY_SOCKET`: a path that begins with `/`, or an abstract name that begins with `@`.
    init?(notify text: String) {
        guard text.hasPrefix("/") || text.hasPrefix("@"), let address = UnixAddress(path: text) else { return nil }
        self = address
    }

    private static let capacity = MemoryLayout.size(ofValue: sockaddr_un().sun_path)
    private var isAbstract: Bool { self.bytes[0] == UInt8(ascii: "@") }

    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            target.copyBytes(from: self.bytes)
            if self.isAbstract { target[0] = 0 }
        }
        // A path ends with its zero; an abstract name is as long as it is said to be.
        let length = MemoryLayout<sa_family_t>.size + self.bytes.count + (self.isAbstract ? 0 : 1)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(length)) }
        }
    }
}

import Glibc

/// The address that a server's name stands for.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private let length: socklen_t

    var family: Int32 { Int32(self.storage.ss_family) }

    init(resolving server: ServerAddress) throws(LoadError) {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let result = getaddrinfo(server.host, String(server.port), &hints, &list)
        guard result == 0, let first = list else {
            throw LoadError("\(server.host): \(String(cString: gai_strerror(result)))", advice: "is the name right?")
        }
        defer { freeaddrinfo(list) }
        self.length = first.pointee.ai_addrlen
        memcpy(&self.storage, first.pointee.ai_addr, Int(self.length))
    }

    /// Whether it is in 127.0.0.0/8, all of which is this machine.
    var isLoopback: Bool {
        self.withPointer { address, _ in
            guard address.pointee.sa_family == sa_family_t(AF_INET) else { return false }
            return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                UInt32(bigEndian: $0.pointee.sin_addr.s_addr) >> 24 == 127
            }
        }
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: self.storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, self.length) }
        }
    }
}

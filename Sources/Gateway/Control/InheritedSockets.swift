import Configuration
import Glibc
import NIOCore

/// Listening sockets that whoever started the process has bound for it: socket activation, as systemd does it.
///
/// `LISTEN_FDS` says how many, from descriptor 3 on, `LISTEN_PID` whom they are meant for, `LISTEN_FDNAMES` their names
/// (sd_listen_fds(3)). A listener takes the socket that has its name, or else the one that is bound to its address.
package struct InheritedSockets: Sendable {
    private static let first: CInt = 3
    /// More than anybody has; a wrong number in the environment must not cost anything.
    private static let most = 256

    struct Entry: Hashable, Sendable {
        var descriptor: CInt
        var name: String?
        /// `nil`: of a kind that we do not listen on.
        var address: Address?
    }

    let entries: [Entry]

    package static var none: Self { Self([]) }

    init(_ entries: [Entry]) {
        self.entries = entries
    }

    /// - Parameter environment: of this process; the variables are meant for it only if they name its `pid`.
    package init(environment: [String: String], pid: Int32) {
        let descriptors = Self.descriptors(environment: environment, pid: pid)
        self.entries = descriptors.map { descriptor, name in
            // Not for the programs that we start.
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            return Entry(descriptor: descriptor, name: name, address: Self.address(of: descriptor))
        }
    }

    static func descriptors(environment: [String: String], pid: Int32) -> [(descriptor: CInt, name: String?)] {
        guard let count = environment["LISTEN_FDS"].flatMap(Int.init), (1...Self.most).contains(count),
            environment["LISTEN_PID"].flatMap(Int32.init) == pid
        else { return [] }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        return (0..<count).map { place in
            let name = place < names.count && !names[place].isEmpty ? String(names[place]) : nil
            return (Self.first + CInt(place), name)
        }
    }

    /// A duplicate of the socket for that listener: the original stays, for a reload that takes it up again.
    func take(name: String, address: Address) -> CInt? {
        guard let entry = self.entry(name: name, address: address) else { return nil }
        let copy = fcntl(entry.descriptor, F_DUPFD_CLOEXEC, 3)
        return copy >= 0 ? copy : nil
    }

    func entry(name: String, address: Address) -> Entry? {
        self.entries.first { $0.name == name } ?? self.entries.first { $0.address == address }
    }

    /// Sockets that no listener of the configuration takes.
    func unused(by listeners: [(name: String, address: Address)]) -> [Entry] {
        let used = Set(listeners.compactMap { self.entry(name: $0.name, address: $0.address)?.descriptor })
        return self.entries.filter { !used.contains($0.descriptor) }
    }

    /// Where a socket is bound; `nil` for kinds that we do not listen on.
    static func address(of descriptor: CInt) -> Address? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        guard result == 0 else { return nil }
        return withUnsafePointer(to: &storage) { pointer -> Address? in
            switch CInt(pointer.pointee.ss_family) {
            case AF_INET:
                return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    var address = $0.pointee.sin_addr
                    return Self.host(AF_INET, &address, port: $0.pointee.sin_port)
                }
            case AF_INET6:
                return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    var address = $0.pointee.sin6_addr
                    return Self.host(AF_INET6, &address, port: $0.pointee.sin6_port)
                }
            case AF_UNIX:
                return pointer.withMemoryRebound(to: sockaddr_un.self, capacity: 1) {
                    withUnsafeBytes(of: $0.pointee.sun_path) { bytes in
                        let path = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                        return path.isEmpty ? nil : .unix(path: path)
                    }
                }
            default:
                return nil
            }
        }
    }

    private static func host(_ family: CInt, _ address: UnsafeRawPointer, port: in_port_t) -> Address? {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family, address, &text, socklen_t(text.count)) != nil else { return nil }
        let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return .host(String(decoding: bytes, as: UTF8.self), port: Int(UInt16(bigEndian: port)))
    }
}

import COpenSSL
import Glibc

/// A non-blocking TCP connection to the server, with TLS where the plan wants it.
final class ClientSocket {
    enum Progress { case connecting, open }

    let descriptor: Int32
    private(set) var progress = Progress.connecting
    private let tls: TLSClientContext?
    private var ssl: OpaquePointer?
    /// Whether the kernel may have bytes that were not asked for.
    private var mayHaveMore = false
    /// Whether TLS may have bytes that were received and not read.
    private(set) var hasReceived = false
    private var output: [UInt8] = []
    private var outputStart = 0

    init(to address: SocketAddress, source: UInt32?, tls: TLSClientContext?) throws(LoadError) {
        let kind = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = socket(address.family, Int32(kind), 0)
        guard descriptor >= 0 else { throw LoadError("socket", code: errno) }
        // From here on whoever throws leaves the descriptor to `deinit`.
        self.descriptor = descriptor
        self.tls = tls
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        if let source {
            // The port is chosen when the destination is known, so that every source address has all of them.
            setsockopt(descriptor, Int32(IPPROTO_IP), IP_BIND_ADDRESS_NO_PORT, &on, 4)
            var own = sockaddr_in()
            own.sin_family = sa_family_t(AF_INET)
            own.sin_addr.s_addr = source.bigEndian
            let result = withUnsafePointer(to: &own) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard result == 0 else { throw LoadError("bind", code: errno) }
        }
        let result = address.withPointer { connect(descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { throw LoadError("connect", code: errno) }
        self.ssl = try tls?.connection(descriptor)
    }

    deinit {
        if let ssl { SSL_free(ssl) }
        Glibc.close(self.descriptor)
    }

    private var isConnected = false

    /// Something happened while connecting; returns whether the connection stands now.
    func advance() throws(LoadError) -> Bool {
        if !self.isConnected {
            var error: Int32 = 0
            var size = socklen_t(4)
            getsockopt(self.descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
            guard error == 0 else { throw LoadError("connect", code: error) }
            self.isConnected = true
        }
        if let ssl {
            self.mayHaveMore = true
            while true {
                ERR_clear_error()
                let result = SSL_do_handshake(ssl)
                if result == 1 { break }
                switch SSL_get_error(ssl, result) {
                case SSL_ERROR_WANT_READ: guard try self.receive(ssl, toTheEnd: true) else { return false }
                case SSL_ERROR_WANT_WRITE: return false
                default: throw TLSClientContext.lastError()
                }
            }
        }
        self.progress = .open
        return true
    }

    /// It was told that something has come.
    func becameReadable() { self.mayHaveMore = true }

    /// Reads what is there, at most a buffer full; `nil` when there is nothing now.
    ///
    /// - Parameter toTheEnd: less than there was room for is not all: there may be an end behind it.
    func read(
        into buffer: UnsafeMutableRawBufferPointer, toTheEnd: Bool
    ) throws(LoadError) -> UnsafeRawBufferPointer? {
        guard let ssl else {
            guard self.mayHaveMore else { return nil }
            guard let count = try self.receive(into: buffer, toTheEnd: toTheEnd) else { return nil }
            return UnsafeRawBufferPointer(rebasing: buffer[..<count])
        }
        while true {
            if self.hasReceived {
                ERR_clear_error()
                let count = SSL_read(ssl, buffer.baseAddress, Int32(clamping: buffer.count))
                if count > 0 { return UnsafeRawBufferPointer(rebasing: buffer[..<Int(count)]) }
                switch SSL_get_error(ssl, count) {
                case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: self.hasReceived = false
                case SSL_ERROR_ZERO_RETURN: throw LoadError("closed by the server")
                default: throw TLSClientContext.lastError()
                }
            }
            guard try self.receive(ssl, toTheEnd: toTheEnd) else { return nil }
        }
    }

    /// Gives TLS what has come; returns whether that was anything.
    private func receive(_ ssl: OpaquePointer, toTheEnd: Bool) throws(LoadError) -> Bool {
        guard self.mayHaveMore, let buffer = self.tls?.received,
            let count = try self.receive(into: buffer, toTheEnd: toTheEnd)
        else { return false }
        guard BIO_write(SSL_get_rbio(ssl), buffer.baseAddress, Int32(count)) == count else {
            throw TLSClientContext.lastError()
        }
        self.hasReceived = true
        return true
    }

    private func receive(into buffer: UnsafeMutableRawBufferPointer, toTheEnd: Bool) throws(LoadError) -> Int? {
        let count = recv(self.descriptor, buffer.baseAddress, buffer.count, 0)
        if count < 0 {
            self.mayHaveMore = false
            guard errno != EAGAIN else { return nil }
            throw LoadError("read", code: errno)
        }
        guard count > 0 else { throw LoadError("closed by the server") }
        self.mayHaveMore = toTheEnd || count == buffer.count
        return count
    }

    /// Whether bytes wait for room in the kernel.
    var hasOutput: Bool { self.outputStart < self.output.count }

    /// Writes what it can of what waits and of `bytes`, which is empty afterwards.
    func write(_ bytes: inout [UInt8]) throws(LoadError) {
        if self.outputStart == self.output.count {
            self.output.removeAll(keepingCapacity: true)
            self.outputStart = 0
            swap(&self.output, &bytes)
        } else {
            self.output += bytes
            bytes.removeAll(keepingCapacity: true)
        }
        while self.outputStart < self.output.count {
            let start = self.outputStart
            let count = self.output.withUnsafeBytes { all in
                let rest = UnsafeRawBufferPointer(rebasing: all[start...])
                return self.ssl.map { Int(SSL_write($0, rest.baseAddress, Int32(clamping: rest.count))) }
                    ?? send(self.descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else {
                if let ssl {
                    let error = SSL_get_error(ssl, Int32(count))
                    guard error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ else {
                        throw TLSClientContext.lastError()
                    }
                } else if errno != EAGAIN, errno != EINTR {
                    throw LoadError("write", code: errno)
                }
                return
            }
            self.outputStart += count
        }
    }
}

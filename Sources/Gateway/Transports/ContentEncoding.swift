import CZlib
import NIOCore

/// How the body of a response may be compressed.
enum ContentEncoding: String, Sendable {
    case gzip, deflate

    /// The encoding that we prefer among those that `Accept-Encoding` allows; `nil` when it allows neither.
    init?(accepting field: String) {
        var allowed: Set<Substring> = []
        for item in field.split(separator: ",").prefix(16) {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " } }
            guard let name = parts.first else { continue }
            let quality = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            if quality > 0 { allowed.insert(Substring(name.lowercased())) }
        }
        if allowed.contains("gzip") || allowed.contains("*") {
            self = .gzip
        } else if allowed.contains("deflate") {
            self = .deflate
        } else {
            return nil
        }
    }

    /// The compressed bytes; `nil` when zlib fails or nothing is saved.
    func compress(_ body: ByteBuffer) -> ByteBuffer? {
        var stream = z_stream()
        // 15 bits of window; 16 more ask for the gzip format (zlib.h, deflateInit2).
        guard gatehouse_deflate_init(&stream, 6, self == .gzip ? 15 + 16 : 15) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        var output = ByteBufferAllocator().buffer(capacity: Int(deflateBound(&stream, UInt(body.readableBytes))))
        let status = body.withUnsafeReadableBytes { input -> CInt in
            stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
            stream.avail_in = UInt32(input.count)
            var status: CInt = Z_OK
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: output.capacity) { space in
                stream.next_out = space.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(space.count)
                status = CZlib.deflate(&stream, Z_FINISH)
                return space.count - Int(stream.avail_out)
            }
            return status
        }
        guard status == Z_STREAM_END, output.readableBytes < body.readableBytes else { return nil }
        return output
    }
}

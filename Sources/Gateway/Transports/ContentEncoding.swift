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
}

/// Compresses bodies of responses.
///
/// One for each shard: setting zlib up costs more than a small body.
final class Compressor {
    /// Level 1 takes a third of the time of the usual 6, and this time is the loop's.
    private static let level: CInt = 1
    /// Larger bodies go as they are: compressing one would hold up everyone else for a noticeable time.
    private static let maxBytes = 262_144

    private var streams: [ContentEncoding: UnsafeMutablePointer<z_stream>] = [:]
    /// The last body and what became of it: a broadcast answers many polls with the same bytes.
    private var last: (encoding: ContentEncoding, body: ByteBuffer, compressed: ByteBuffer?)?

    deinit {
        for stream in self.streams.values {
            deflateEnd(stream)
            stream.deallocate()
        }
    }

    /// The compressed bytes; `nil` when the body is too large, zlib fails or nothing is saved.
    func compress(_ body: ByteBuffer, _ encoding: ContentEncoding) -> ByteBuffer? {
        guard body.readableBytes <= Self.maxBytes else { return nil }
        if let last = self.last, last.encoding == encoding, last.body == body { return last.compressed }
        let compressed = self.deflated(body, encoding)
        self.last = (encoding, body, compressed)
        return compressed
    }

    private func deflated(_ body: ByteBuffer, _ encoding: ContentEncoding) -> ByteBuffer? {
        guard let stream = self.stream(encoding) else { return nil }
        var output = ByteBufferAllocator().buffer(capacity: Int(deflateBound(stream, UInt(body.readableBytes))))
        let status = body.withUnsafeReadableBytes { input -> CInt in
            stream.pointee.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
            stream.pointee.avail_in = UInt32(input.count)
            var status: CInt = Z_OK
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: output.capacity) { space in
                stream.pointee.next_out = space.bindMemory(to: UInt8.self).baseAddress
                stream.pointee.avail_out = UInt32(space.count)
                status = CZlib.deflate(stream, Z_FINISH)
                return space.count - Int(stream.pointee.avail_out)
            }
            return status
        }
        guard status == Z_STREAM_END, output.readableBytes < body.readableBytes else { return nil }
        return output
    }

    /// A stream at its beginning.
    private func stream(_ encoding: ContentEncoding) -> UnsafeMutablePointer<z_stream>? {
        if let stream = self.streams[encoding] { return deflateReset(stream) == Z_OK ? stream : nil }
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window; 16 more ask for the gzip format (zlib.h, deflateInit2).
        guard gatehouse_deflate_init(stream, Self.level, encoding == .gzip ? 15 + 16 : 15, 8) == Z_OK else {
            stream.deallocate()
            return nil
        }
        self.streams[encoding] = stream
        return stream
    }
}

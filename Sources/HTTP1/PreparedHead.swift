package import struct NIOCore.ByteBuffer

/// A response head that differs from one answer to the next only in its length.
///
/// For polling: checked once, then copied.
package struct PreparedHead: Sendable {
    /// Everything up to the digits of `Content-Length`.
    private let prefix: [UInt8]

    /// `version` is the request's; a head is prepared for one combination of `keepAlive` and version.
    package init(
        status: Int, headers: some Sequence<(String, String)> = [], keepAlive: Bool,
        version: RequestHead.Version = .http11
    ) throws(ResponseHead.Refusal) {
        var buffer = ByteBuffer()
        try ResponseHead.writeUnfinished(
            status: status, headers: headers, keepAlive: keepAlive, version: version, into: &buffer)
        buffer.writeStaticString("Content-Length: ")
        prefix = Array(buffer.readableBytesView)
    }

    /// Appends the head for a body of `contentLength` bytes.
    package func write(contentLength: Int, into out: inout ByteBuffer) {
        write(contentLength: contentLength, followedBy: UnsafeRawBufferPointer(start: nil, count: 0), into: &out)
    }

    /// Appends the head, and the body that it is for.
    package func write(body: UnsafeRawBufferPointer, into out: inout ByteBuffer) {
        write(contentLength: body.count, followedBy: body, into: &out)
    }

    private func write(
        contentLength: Int, followedBy body: UnsafeRawBufferPointer, into out: inout ByteBuffer
    ) {
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: prefix.count + 24 + body.count) { target in
            prefix.withUnsafeBytes { target.copyMemory(from: $0) }
            var end = prefix.count
            end += ResponseHead.writeDecimal(contentLength, to: UnsafeMutableRawBufferPointer(rebasing: target[end...]))
            // CR LF, twice.
            target.storeBytes(of: UInt32(0x0D0A_0D0A).bigEndian, toByteOffset: end, as: UInt32.self)
            end += 4
            UnsafeMutableRawBufferPointer(rebasing: target[end...]).copyMemory(from: body)
            return end + body.count
        }
    }
}

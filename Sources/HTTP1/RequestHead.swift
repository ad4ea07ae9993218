internal import struct NIOCore.ByteBuffer

/// A request line and its header fields, checked.
package struct RequestHead: Sendable {
    /// How the body is delimited.
    package enum Body: Hashable, Sendable {
        /// There is none, or it is empty.
        case none
        /// That many bytes, at least one.
        case length(Int)
        case chunked
    }

    package enum Version: Hashable, Sendable {
        case http10, http11
    }

    package let method: Method
    package let version: Version
    package let headers: Headers
    package let body: Body
    /// Whether the client wants to send another request on this connection.
    package let keepAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    package let expectsContinue: Bool
    /// A GET of HTTP/1.1 without a body whose `Connection` has the token `upgrade` and whose `Upgrade` has `websocket`.
    package let isWebSocketUpgrade: Bool

    private let target: Range<Int>
    private let pathEnd: Int

    init(_ block: ByteBuffer, _ line: RequestLine, _ scanner: HeadScanner) throws(RequestError) {
        let method = block.withUnsafeReadableBytes { Method(UnsafeRawBufferPointer(rebasing: $0[line.method])) }
        let conclusion = try scanner.meaning.conclude(isGet: method == .get, version: line.version)
        self.method = method
        version = line.version
        headers = Headers(block: block, fields: scanner.fields, nameLengths: scanner.nameLengths)
        body = conclusion.body
        keepAlive = conclusion.keepAlive
        expectsContinue = conclusion.expectsContinue
        isWebSocketUpgrade = conclusion.isWebSocketUpgrade
        target = line.target
        pathEnd = line.pathEnd
    }

    /// The path, percent-decoded once; starts with `/`.
    ///
    /// Dots and doubled slashes are left as they are.
    package var path: String {
        withBytes(target.lowerBound..<pathEnd) { bytes in
            guard bytes.contains(UInt8(ascii: "%")) else { return String(decoding: bytes, as: UTF8.self) }
            return String(decoding: PercentEncoding.decode(bytes), as: UTF8.self)
        }
    }

    /// Calls `body` with the bytes of ``path``; for matching without a string.
    ///
    /// Valid during the call.
    package func withPath<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        withRawPath { bytes in
            guard bytes.contains(UInt8(ascii: "%")) else { return body(bytes) }
            return PercentEncoding.decode(bytes).withUnsafeBytes(body)
        }
    }

    /// The path as received.
    package var rawPath: String { withBytes(target.lowerBound..<pathEnd) { String(decoding: $0, as: UTF8.self) } }

    /// The target as received: path, and query with its question mark.
    package var rawTarget: String { withBytes(target) { String(decoding: $0, as: UTF8.self) } }

    /// What follows the first question mark, as received; nil when there is none.
    package var rawQuery: String? {
        guard pathEnd < target.upperBound else { return nil }
        return withBytes((pathEnd + 1)..<target.upperBound) { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether there is a question mark.
    package var hasQuery: Bool { pathEnd < target.upperBound }

    /// Calls `body` with what follows the first question mark, as received, or with nothing.
    ///
    /// Valid during the call.
    package func withRawQuery<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        withBytes(Swift.min(pathEnd + 1, target.upperBound)..<target.upperBound, body)
    }

    /// The query's keys and values.
    package var query: Query {
        let start = Swift.min(pathEnd + 1, target.upperBound)
        let block = headers.block
        return Query(
            bytes: block.getSlice(at: block.readerIndex + start, length: target.upperBound - start) ?? ByteBuffer())
    }

    /// Calls `body` with the path as received; for matching without a string.
    ///
    /// Valid during the call.
    package func withRawPath<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        withBytes(target.lowerBound..<pathEnd, body)
    }

    private func withBytes<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        headers.block.withUnsafeReadableBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

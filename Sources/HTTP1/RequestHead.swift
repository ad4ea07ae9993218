internal import struct NIOCore.ByteBuffer

/// A request line and its header fields, checked.
///
/// An object and not a value, because it goes from hand to hand: a copy of the value would be three references more to count.
package final class RequestHead: Sendable {
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
    package let body: Body
    /// Whether the client wants to send another request on this connection.
    package let keepAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends the body.
    package let expectsContinue: Bool
    /// A GET of HTTP/1.1 without a body whose `Connection` has the token `upgrade` and whose `Upgrade` has `websocket`.
    package let isWebSocketUpgrade: Bool

    /// The bytes that were received.
    let block: ByteBuffer
    let fields: [FieldPlace]
    /// See ``HeadScanner/nameLengths``: most look-ups are for a field that is not there.
    let nameLengths: UInt64
    private let target: Range<Int>
    private let pathEnd: Int

    init(
        _ block: ByteBuffer, _ line: RequestLine, _ meaning: HeadMeaning, _ fields: consuming [FieldPlace],
        nameLengths: UInt64
    ) throws(RequestError) {
        let method = block.withUnsafeReadableBytes { Method(UnsafeRawBufferPointer(rebasing: $0[line.method])) }
        let conclusion = try meaning.conclude(isGet: method == .get, version: line.version)
        self.method = method
        version = line.version
        self.block = block
        self.fields = fields
        self.nameLengths = nameLengths
        body = conclusion.body
        keepAlive = conclusion.keepAlive
        expectsContinue = conclusion.expectsContinue
        isWebSocketUpgrade = conclusion.isWebSocketUpgrade
        target = line.target
        pathEnd = line.pathEnd
    }

    /// That of no request: stands where one was.
    package static let none = RequestHead()

    private init() {
        method = .get
        version = .http11
        block = ByteBuffer()
        fields = []
        nameLengths = 0
        body = .none
        keepAlive = false
        expectsContinue = false
        isWebSocketUpgrade = false
        target = 0..<0
        pathEnd = 0
    }

    /// The header fields.
    package var headers: Headers { Headers(head: self) }

    /// False when no field has that name, which has to be lowercase; most names that are asked for are told by their length.
    package func mayHave(_ name: StaticString) -> Bool {
        nameLengths & HeadScanner.bit(ofLength: name.utf8CodeUnitCount) != 0
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

    /// Whether ``path`` is this one.
    package func isPath(_ path: String) -> Bool {
        var isSame = false
        withPath { isSame = $0.elementsEqual(path.utf8) }
        return isSame
    }

    /// Calls `body` with the bytes of ``path``; for matching without a string.
    ///
    /// Valid during the call. Not generic, like all that hands out bytes for every request: the call of a generic function of
    /// another module costs more than what is done with the bytes.
    package func withPath(_ body: (UnsafeRawBufferPointer) -> Void) {
        withBytes(target.lowerBound..<pathEnd) { bytes in
            guard bytes.contains(UInt8(ascii: "%")) else { return body(bytes) }
            PercentEncoding.decode(bytes).withUnsafeBytes(body)
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
    package func withRawQuery(_ body: (UnsafeRawBufferPointer) -> Void) {
        withBytes(Swift.min(pathEnd + 1, target.upperBound)..<target.upperBound, body)
    }

    /// The query's keys and values.
    package var query: Query {
        let start = Swift.min(pathEnd + 1, target.upperBound)
        return Query(
            bytes: block.getSlice(at: block.readerIndex + start, length: target.upperBound - start) ?? ByteBuffer())
    }

    private func withBytes<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        block.withUnsafeReadableBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }
}

/// `GET /path?query HTTP/1.1` as places in the bytes of a head.
///
/// RFC 9112 section 3, origin-form only.
struct RequestLine {
    var method: Range<Int>
    var target: Range<Int>
    /// Where the path ends: at the `?`, or with the target.
    var pathEnd: Int
    var version: RequestHead.Version

    init(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>, limits: RequestParser.Limits) throws(RequestError) {
        let space = UInt8(ascii: " ")
        guard let first = bytes.position(of: space, in: line), let last = bytes.lastPosition(of: space, in: line),
            first < last
        else {
            throw .badRequestLine
        }
        method = line.lowerBound..<first
        guard !method.isEmpty, method.count <= RequestParser.Limits.maxMethod,
            bytes.all(in: method, are: ByteClass.isToken)
        else {
            throw .badRequestLine
        }
        version = try Self.version(UnsafeRawBufferPointer(rebasing: bytes[(last + 1)..<line.upperBound]))
        target = (first + 1)..<last
        guard target.count <= limits.maxURI else { throw .targetTooLong }
        pathEnd = bytes.position(of: UInt8(ascii: "?"), in: target) ?? target.upperBound
        try Self.check(
            path: UnsafeRawBufferPointer(rebasing: bytes[target.lowerBound..<pathEnd]),
            query: UnsafeRawBufferPointer(rebasing: bytes[pathEnd..<target.upperBound]))
    }

    private static func version(_ bytes: UnsafeRawBufferPointer) throws(RequestError) -> RequestHead.Version {
        guard bytes.count == 8, UnsafeRawBufferPointer(rebasing: bytes[..<5]).equals("HTTP/"),
            ByteClass.isDigit(bytes[5]),
            bytes[6] == UInt8(ascii: "."), ByteClass.isDigit(bytes[7])
        else { throw .badRequestLine }
        switch (bytes[5], bytes[7]) {
        case (UInt8(ascii: "1"), UInt8(ascii: "1")): return .http11
        case (UInt8(ascii: "1"), UInt8(ascii: "0")): return .http10
        default: throw .unsupportedVersion
        }
    }

    private static func check(path: UnsafeRawBufferPointer, query: UnsafeRawBufferPointer) throws(RequestError) {
        let slash = UInt8(ascii: "/")
        // Two slashes at the start name a host to whoever resolves the target as a reference.
        guard path.first == slash, path.count < 2 || path[1] != slash else { throw .badTarget }
        // Browsers turn a backslash into a slash before they send it; to some servers it is one.
        guard !path.contains(UInt8(ascii: "\\")), let isPathPlain = isPlain(path), let isQueryPlain = isPlain(query),
            isQueryPlain || PercentEncoding.isWellFormed(query)
        else { throw .badTarget }
        guard !isPathPlain else { return }
        guard PercentEncoding.isWellFormed(path),
            String(validating: PercentEncoding.decode(path), as: UTF8.self) != nil
        else { throw .badTarget }
    }

    /// Whether nothing in a part of the target is percent-encoded; nil when something must not be there at all.
    private static func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool? {
        var isPlain = true
        for byte in bytes {
            guard ByteClass.isTarget(byte) else { return nil }
            if byte == UInt8(ascii: "%") { isPlain = false }
        }
        return isPlain
    }
}

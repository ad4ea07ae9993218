import Glibc

/// The head of a response, looked at in place, as far as a benchmark has to.
struct HTTPHead {
    private let bytes: UnsafeRawBufferPointer

    /// No server has that much to say before it comes to the point.
    private static let maxBytes = 64 << 10

    /// Where the head ends, after its empty line; `nil` when it is not all there.
    ///
    /// Throws when these bytes are no start of a response.
    static func end(of bytes: UnsafeRawBufferPointer) throws(LoadError) -> Int? {
        guard zip(bytes, "HTTP/1.".utf8).allSatisfy({ $0 == $1 }) else {
            throw LoadError("an answer that is not HTTP", advice: "is another service at this port, or TLS?")
        }
        if let end = Self.end(in: bytes) { return end }
        guard bytes.count <= Self.maxBytes else { throw LoadError("an endless HTTP head") }
        return nil
    }

    private static func end(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 4 else { return nil }
        var index = 3
        while index < bytes.count {
            // Every fourth byte is enough to see the end coming.
            switch bytes[index] {
            case 10:
                if bytes[index - 1] == 13, bytes[index - 2] == 10, bytes[index - 3] == 13 { return index + 1 }
                index += 2
            case 13: index += 1
            default: index += 4
            }
        }
        return nil
    }

    init(_ bytes: Slice<UnsafeRawBufferPointer>) {
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes)
    }

    /// 0 when there is none.
    var status: Int {
        guard self.bytes.count >= 12 else { return 0 }
        return self.bytes[9..<12].reduce(0) { (48...57).contains($1) ? $0 * 10 + Int($1 - 48) : 0 }
    }

    /// The value of the first field of that name, which is given in lower case.
    subscript(_ name: StaticString) -> String? {
        self.field(name).map { String(decoding: $0, as: UTF8.self) }
    }

    var contentLength: Int? {
        guard let digits = self.field("content-length"), !digits.isEmpty, digits.count < 18 else { return nil }
        var length = 0
        for digit in digits {
            guard (48...57).contains(digit) else { return nil }
            length = length * 10 + Int(digit - 48)
        }
        return length
    }

    private func field(_ name: StaticString) -> Slice<UnsafeRawBufferPointer>? {
        guard let base = self.bytes.baseAddress else { return nil }
        let count = name.utf8CodeUnitCount
        var rest = 0..<self.bytes.count
        while rest.count > count, let newline = memchr(base + rest.lowerBound, 10, rest.count) {
            let line = rest.lowerBound..<(UnsafeRawPointer(newline) - base)
            rest = (line.upperBound + 1)..<rest.upperBound
            guard line.count > count, self.bytes[line.lowerBound + count] == UInt8(ascii: ":"),
                (0..<count).allSatisfy({ Self.lowered(self.bytes[line.lowerBound + $0]) == name.utf8Start[$0] })
            else { continue }
            var value = self.bytes[(line.lowerBound + count + 1)..<line.upperBound]
            while let first = value.first, first == 0x20 { value = value.dropFirst() }
            while let last = value.last, last == 0x20 || last == 13 { value = value.dropLast() }
            return value
        }
        return nil
    }

    private static func lowered(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }

    /// Why a client that wanted something else cannot go on with this answer.
    func refusal(of server: ServerAddress) -> LoadError {
        let status = self.status
        let path = server.path.isEmpty ? "/" : server.path
        let advice: String? =
            switch status {
            case 200..<300: "it serves HTTP at \(path), but neither WebSocket nor Socket.IO: is the path right?"
            case 300..<400: "it redirects to \(LoadError.quoted(self["location"] ?? "nowhere")): give that URL"
            case 400: "does it speak this protocol at \(path)? See --protocol and --transport"
            case 401, 403: "it wants to know who asks: see --header"
            case 404, 405: "is there an endpoint at \(path)?"
            case 429, 503: "it lets no more clients in for now: see its limits"
            default: nil
            }
        return LoadError("HTTP \(status)", advice: advice)
    }
}

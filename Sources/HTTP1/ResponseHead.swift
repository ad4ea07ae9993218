package import struct NIOCore.ByteBuffer

/// Writes the head of a response.
///
/// RFC 9112 section 4.
///
/// Nothing that could end a line early gets through; where it comes from does not matter. There is no `Server` field.
package enum ResponseHead {
    /// Why a head is not written.
    package enum Refusal: Error, Hashable, Sendable {
        /// Not one of 200...599.
        case status
        /// A name that is no token, or a value with a control character.
        case field
        /// A field that says how the message or the connection ends, which is not the caller's to say.
        case reservedField
    }

    /// How the body is delimited.
    package enum Body: Hashable, Sendable {
        case length(Int)
        case chunked
        /// No field says so: an answer without a body, or one that ends with the connection.
        case unmarked
    }

    /// Appends a head, or nothing when it throws.
    ///
    /// `version` is the request's; the answer is always HTTP/1.1.
    package static func write(
        status: Int, headers: some Sequence<(String, String)> = [], body: Body, keepAlive: Bool,
        version: RequestHead.Version = .http11, into out: inout ByteBuffer
    ) throws(Refusal) {
        let start = out.writerIndex
        do {
            try writeUnfinished(status: status, headers: headers, keepAlive: keepAlive, version: version, into: &out)
        } catch {
            out.moveWriterIndex(to: start)
            throw error
        }
        // 204 and 304 never have a body, and 204 must not have the field. RFC 9110 section 8.6.
        switch body {
        case .length(let length) where status != 204:
            out.writeStaticString("Content-Length: ")
            writeDecimal(length, into: &out)
            out.writeStaticString("\r\n\r\n")
        case .chunked where status != 204 && status != 304: out.writeStaticString("Transfer-Encoding: chunked\r\n\r\n")
        default: out.writeStaticString("\r\n")
        }
    }

    /// Appends a head for a body of `contentLength` bytes; nil for none or one that ends with the connection.
    package static func write(
        status: Int, headers: some Sequence<(String, String)> = [], contentLength: Int?, keepAlive: Bool,
        version: RequestHead.Version = .http11, into out: inout ByteBuffer
    ) throws(Refusal) {
        try write(
            status: status, headers: headers, body: contentLength.map { .length($0) } ?? .unmarked,
            keepAlive: keepAlive, version: version, into: &out)
    }

    /// Appends the answer to `Expect: 100-continue`.
    package static func writeContinue(into out: inout ByteBuffer) {
        out.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    }

    /// A head without the fields that delimit the body and without the empty line.
    static func writeUnfinished(
        status: Int, headers: some Sequence<(String, String)>, keepAlive: Bool, version: RequestHead.Version,
        into out: inout ByteBuffer
    ) throws(Refusal) {
        guard 200...599 ~= status else { throw .status }
        out.writeStaticString("HTTP/1.1 ")
        writeDecimal(status, into: &out)
        out.writeStaticString(" ")
        out.writeStaticString(StatusPhrase.of(status))
        out.writeStaticString("\r\n")
        for (name, value) in headers {
            guard isName(name), isValue(value) else { throw .field }
            guard !isReserved(name) else { throw .reservedField }
            out.writeString(name)
            out.writeStaticString(": ")
            out.writeString(value)
            out.writeStaticString("\r\n")
        }
        if !keepAlive {
            out.writeStaticString("Connection: close\r\n")
        } else if version == .http10 {
            out.writeStaticString("Connection: keep-alive\r\n")
        }
    }

    /// Whether a field of that name may be sent.
    package static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy(ByteClass.isToken)
    }

    /// Whether a field may have that value.
    package static func isValue(_ value: String) -> Bool {
        value.utf8.allSatisfy { $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }
    }

    private static func isReserved(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { utf8 in
            let bytes = UnsafeRawBufferPointer(utf8)
            return bytes.equalsIgnoringCase("content-length") || bytes.equalsIgnoringCase("transfer-encoding")
                || bytes.equalsIgnoringCase("connection")
        }
    }

    static func writeDecimal(_ number: Int, into out: inout ByteBuffer) {
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { writeDecimal(number, to: $0) }
    }

    /// Returns how many of the bytes it has written: at most 19.
    static func writeDecimal(_ number: Int, to target: UnsafeMutableRawBufferPointer) -> Int {
        precondition(number >= 0)
        var length = 1
        var rest = number
        while rest >= 10 {
            rest /= 10
            length += 1
        }
        rest = number
        for index in stride(from: length - 1, through: 0, by: -1) {
            target[index] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
            rest /= 10
        }
        return length
    }
}

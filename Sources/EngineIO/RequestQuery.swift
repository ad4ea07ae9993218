/// What the query of a request says.
///
/// Strict: everything is percent-decoded exactly once, and what can be read in two ways is refused.
///
/// `t` (cache buster) is ignored; `j` asks for JSONP, which is not served.
package struct RequestQuery: Hashable, Sendable {
    package struct Parameter: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// More parameters than this are refused.
    ///
    /// Applications use a handful; 64 leaves room and bounds the work.
    package static let parameterLimit = 64

    /// The session that the request belongs to; nil for a handshake.
    ///
    /// An empty `sid` counts as none.
    package private(set) var sid: String?
    /// nil when missing or not one that exists.
    package private(set) var transport: Transport?
    /// Protocol 4, or 3 for any other value and for none at all, as the reference server counts.
    package private(set) var revision = ProtocolRevision.three
    /// A client of protocol 3 that cannot take bytes on the transport of this request.
    package private(set) var wantsBase64 = false
    /// The application's own parameters, in order, doubles kept.
    package private(set) var parameters: [Parameter] = []

    /// The first value of a parameter of the application.
    package func first(_ name: String) -> String? {
        parameters.first { $0.name == name }?.value
    }

    /// - Parameter raw: what stands behind the `?`, as it came.
    /// - Throws: ``ProtocolError/badRequest``.
    package init(parsing raw: String) throws(ProtocolError) {
        var raw = raw
        let result = raw.withUTF8 { bytes in
            Result { () throws(ProtocolError) in try RequestQuery(parsing: UnsafeRawBufferPointer(bytes)) }
        }
        self = try result.get()
    }

    package init(parsing raw: UnsafeRawBufferPointer) throws(ProtocolError) {
        var seen: ControlKeys = []
        var count = 0
        var start = 0
        while start < raw.count {
            var end = start
            while end < raw.count, raw[end] != UInt8(ascii: "&") { end += 1 }
            if end > start {
                count += 1
                guard count <= Self.parameterLimit else { throw .badRequest }
                try take(UnsafeRawBufferPointer(rebasing: raw[start..<end]), seen: &seen)
            }
            start = end + 1
        }
    }

    private struct ControlKeys: OptionSet {
        let rawValue: UInt8
        static let sid = ControlKeys(rawValue: 1)
        static let transport = ControlKeys(rawValue: 2)
        static let version = ControlKeys(rawValue: 4)
    }

    private mutating func take(_ pair: UnsafeRawBufferPointer, seen: inout ControlKeys) throws(ProtocolError) {
        let split = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count
        let name = try Self.decode(pair[..<split])
        let value = try Self.decode(pair[min(split + 1, pair.count)...])
        switch name {
        case "sid":
            guard seen.insert(.sid).inserted else { throw .badRequest }
            sid = value.isEmpty ? nil : value
        case "transport":
            guard seen.insert(.transport).inserted else { throw .badRequest }
            transport = Transport(rawValue: value)
        case "EIO":
            guard seen.insert(.version).inserted else { throw .badRequest }
            revision = value == "4" ? .four : .three
        case "b64":
            // Any value says so, in the reference server also `0`.
            if !value.isEmpty { wantsBase64 = true }
        case "t", "":
            break
        case "j":
            throw .badRequest
        default:
            parameters.append(Parameter(name: name, value: value))
        }
    }

    private static func decode(_ slice: Slice<UnsafeRawBufferPointer>) throws(ProtocolError) -> String {
        let bytes = UnsafeRawBufferPointer(rebasing: slice)
        // Every poll comes through here, and hardly ever with anything to decode.
        if bytes.allSatisfy(isPlain) { return String(decoding: bytes, as: UTF8.self) }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            var byte = bytes[index]
            switch byte {
            case UInt8(ascii: "%"):
                guard bytes.count - index > 2, let high = hexadecimal(bytes[index + 1]),
                    let low = hexadecimal(bytes[index + 2])
                else { throw .badRequest }
                byte = high << 4 | low
                // Only text is carried here; a NUL in it has never meant well.
                guard byte != 0 else { throw .badRequest }
                index += 3
            case UInt8(ascii: "+"):
                byte = UInt8(ascii: " ")
                index += 1
            case 0...0x20, 0x7f:
                throw .badRequest
            default:
                index += 1
            }
            decoded.append(byte)
        }
        guard let string = String(validating: decoded, as: UTF8.self) else { throw .badRequest }
        return string
    }

    /// ASCII that stands for itself.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "%") && byte != UInt8(ascii: "+")
    }

    private static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte &- UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte &- UInt8(ascii: "a") &+ 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte &- UInt8(ascii: "A") &+ 10
        default: nil
        }
    }
}

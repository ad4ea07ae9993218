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
    package private(set) var sid: SessionName?
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
            var split: Int?
            // Every poll comes through here, and hardly ever with anything to decode: once over it says so.
            var isPlain = true
            while end < raw.count, raw[end] != UInt8(ascii: "&") {
                if split == nil, raw[end] == UInt8(ascii: "=") { split = end }
                isPlain = isPlain && Self.isPlain(raw[end])
                end += 1
            }
            if end > start {
                count += 1
                guard count <= Self.parameterLimit else { throw .badRequest }
                let name = UnsafeRawBufferPointer(rebasing: raw[start..<(split ?? end)])
                let value = UnsafeRawBufferPointer(rebasing: raw[min((split ?? end) + 1, end)..<end])
                if isPlain {
                    // No string is made but for what is kept.
                    try takeDecoded(name, value, seen: &seen)
                } else {
                    try take(name, value, seen: &seen)
                }
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

    private mutating func take(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, seen: inout ControlKeys
    ) throws(ProtocolError) {
        let decoded = (name: try Self.decode(name), value: try Self.decode(value))
        let result = decoded.name.withUnsafeBytes { name in
            decoded.value.withUnsafeBytes { value in
                Result { () throws(ProtocolError) in try takeDecoded(name, value, seen: &seen) }
            }
        }
        try result.get()
    }

    /// Name and value are UTF-8.
    private mutating func takeDecoded(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, seen: inout ControlKeys
    ) throws(ProtocolError) {
        func string(_ bytes: UnsafeRawBufferPointer) -> String { String(decoding: bytes, as: UTF8.self) }
        if name.isEqual(to: "sid") {
            guard seen.insert(.sid).inserted else { throw .badRequest }
            sid = value.isEmpty ? nil : SessionName(value)
        } else if name.isEqual(to: "transport") {
            guard seen.insert(.transport).inserted else { throw .badRequest }
            transport = value.isEqual(to: "polling") ? .polling : value.isEqual(to: "websocket") ? .websocket : nil
        } else if name.isEqual(to: "EIO") {
            guard seen.insert(.version).inserted else { throw .badRequest }
            revision = value.isEqual(to: "4") ? .four : .three
        } else if name.isEqual(to: "b64") {
            // Any value says so, in the reference server also `0`.
            if !value.isEmpty { wantsBase64 = true }
        } else if name.isEqual(to: "j") {
            throw .badRequest
        } else if !name.isEmpty, !name.isEqual(to: "t") {
            parameters.append(Parameter(name: string(name), value: string(value)))
        }
    }

    private static func decode(_ bytes: UnsafeRawBufferPointer) throws(ProtocolError) -> [UInt8] {
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
        guard String(validating: decoded, as: UTF8.self) != nil else { throw .badRequest }
        return decoded
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

extension UnsafeRawBufferPointer {
    fileprivate func isEqual(to text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard self.count == length else { return false }
        for index in 0..<length where self[index] != text.utf8Start[index] { return false }
        return true
    }
}

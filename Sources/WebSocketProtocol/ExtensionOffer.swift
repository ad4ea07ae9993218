/// One element of `Sec-WebSocket-Extensions`: what a client would like to have.
///
/// RFC 6455 section 9.1.
package struct ExtensionOffer: Hashable, Sendable {
    package struct Parameter: Hashable, Sendable {
        package var name: String
        /// Without its quotes; nil where there is only a name.
        package var value: String?

        package init(_ name: String, _ value: String? = nil) {
            self.name = name
            self.value = value
        }
    }

    package var name: String
    package var parameters: [Parameter]

    package init(_ name: String, _ parameters: [Parameter] = []) {
        self.name = name
        self.parameters = parameters
    }

    /// The offers of all `Sec-WebSocket-Extensions` fields of a request, in order of preference; nil when one is
    /// ill-formed, which has to fail the handshake, or when there are more than `limit` of them.
    ///
    /// Nobody needs more than a handful, so more are an attack, and so are more than `limit` parameters of an offer. Takes
    /// one pass over the bytes.
    package static func parse(_ fields: [String], limit: Int = 32) -> [ExtensionOffer]? {
        var offers: [ExtensionOffer] = []
        for field in fields {
            var cursor = Cursor(field)
            while true {
                cursor.skipBlanks()
                // A list may have empty elements (RFC 9110 section 5.6.1).
                if cursor.take(UInt8(ascii: ",")) { continue }
                if cursor.isAtEnd { break }
                guard offers.count < limit, let offer = cursor.offer(limit: limit) else { return nil }
                offers.append(offer)
                guard cursor.isAtEnd || cursor.take(UInt8(ascii: ",")) else { return nil }
            }
        }
        return offers
    }
}

/// A place in a field's value.
private struct Cursor {
    private let bytes: [UInt8]
    private var index = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    var isAtEnd: Bool { index == bytes.count }

    mutating func skipBlanks() {
        while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// Everything up to the next comma; stops behind the blanks that follow the offer.
    mutating func offer(limit: Int) -> ExtensionOffer? {
        guard let name = token() else { return nil }
        var offer = ExtensionOffer(name)
        skipBlanks()
        while take(UInt8(ascii: ";")) {
            skipBlanks()
            guard offer.parameters.count < limit, let parameter = parameter() else { return nil }
            offer.parameters.append(parameter)
            skipBlanks()
        }
        return offer
    }

    private mutating func parameter() -> ExtensionOffer.Parameter? {
        guard let name = token() else { return nil }
        skipBlanks()
        guard take(UInt8(ascii: "=")) else { return .init(name) }
        skipBlanks()
        guard let value = take(UInt8(ascii: "\"")) ? quoted() : token() else { return nil }
        return .init(name, value)
    }

    private mutating func token() -> String? {
        let start = index
        while index < bytes.count, Token.contains(bytes[index]) { index += 1 }
        return index > start ? String(decoding: bytes[start..<index], as: UTF8.self) : nil
    }

    /// What stands between quotes has to be a token as well.
    private mutating func quoted() -> String? {
        var value: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") {
                return Token.isValid(value) ? String(decoding: value, as: UTF8.self) : nil
            }
            guard byte == UInt8(ascii: "\\") else {
                value.append(byte)
                continue
            }
            guard index < bytes.count else { return nil }
            value.append(bytes[index])
            index += 1
        }
        return nil
    }
}

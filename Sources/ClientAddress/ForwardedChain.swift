/// Who the client is behind proxies that add `X-Forwarded-For` or `Forwarded` (RFC 7239).
///
/// Read strictly from right to left: each trusted proxy vouches for the one element that it added, and nothing that an
/// untrusted sender wrote further left can change how the elements after it are read.
package struct ForwardedChain: Hashable, Sendable {
    package enum Syntax: Hashable, Sendable {
        /// Addresses with commas between them, as `X-Forwarded-For` has it.
        case addressList
        /// `for=…;proto=…` elements of RFC 7239.
        case forwarded
    }

    /// Elements further left are not looked at: longer chains of trusted proxies do not exist.
    package static let elementLimit = 32

    /// The client, as far as trusted proxies vouch for it.
    package var client: IPAddress
    /// Whether the peer is a trusted proxy, so that its other headers may be believed too.
    package var isPeerTrusted: Bool

    /// - Parameters:
    ///   - peer: the other end of the TCP connection, or what a PROXY header says it is.
    ///   - header: all fields of the header joined with commas, in order; nil when there is none.
    ///   - isTrusted: whether an address belongs to a proxy whose header is believed.
    package init(
        peer: IPAddress, header: String?, syntax: Syntax, isTrusted: (IPAddress) -> Bool
    ) {
        client = peer
        isPeerTrusted = isTrusted(peer)
        guard isPeerTrusted, let header else { return }
        var rest = Array(header.utf8)[...]
        for _ in 0..<Self.elementLimit {
            // Where an element is no address the proxy right of it is the last that anybody vouches for.
            guard !rest.isEmpty, let (element, remainder) = Self.last(of: rest, syntax: syntax),
                let address = Self.address(of: element, syntax: syntax)
            else { return }
            client = address
            guard isTrusted(address), let remainder else { return }
            rest = remainder
        }
    }

    private typealias Split = (element: ArraySlice<UInt8>, remainder: ArraySlice<UInt8>?)

    private static func last(of bytes: ArraySlice<UInt8>, syntax: Syntax) -> Split? {
        var index = bytes.endIndex
        while index > bytes.startIndex {
            index -= 1
            if bytes[index] == UInt8(ascii: ",") {
                return (bytes[(index + 1)...], bytes[..<index])
            }
            guard syntax == .forwarded, bytes[index] == UInt8(ascii: "\"") else { continue }
            guard let opening = openingQuote(before: index, in: bytes) else { return nil }
            index = opening
        }
        return (bytes, nil)
    }

    /// The quote that begins the string which ends at `closing`: the next one that no backslash escapes.
    private static func openingQuote(before closing: Int, in bytes: ArraySlice<UInt8>) -> Int? {
        var index = closing
        while let quote = bytes[..<index].lastIndex(of: UInt8(ascii: "\"")) {
            let before = bytes[..<quote]
            let backslashes = before.reversed().prefix { $0 == UInt8(ascii: "\\") }.count
            if backslashes.isMultiple(of: 2) { return quote }
            index = quote
        }
        return nil
    }

    private static func address(of element: ArraySlice<UInt8>, syntax: Syntax) -> IPAddress? {
        let element = element.trimmingBlanks
        switch syntax {
        case .addressList: return ForwardedNode.address(element)
        case .forwarded: return ForwardedElement.node(in: element).flatMap { ForwardedNode.address($0[...]) }
        }
    }
}

extension ArraySlice<UInt8> {
    /// Without spaces and tabs at both ends.
    var trimmingBlanks: ArraySlice<UInt8> {
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return []
        }
        return self[first...last]
    }
}

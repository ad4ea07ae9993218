/// The protocols that a listener speaks, and which of those that a client offers it takes (ALPN, RFC 7301).
struct ApplicationProtocols: Hashable, Sendable {
    /// Best first.
    let names: [String]

    init(_ names: [String]) {
        self.names = names
    }

    /// Where in `offered` the best protocol in common stands; nil when there is none or the list is malformed.
    ///
    /// `offered` is a ProtocolNameList: names with a length byte in front of each.
    func choose(from offered: UnsafeRawBufferPointer) -> Range<Int>? {
        for name in self.names {
            var index = 0
            while index < offered.count {
                let start = index + 1
                let end = start + Int(offered[index])
                guard end > start, end <= offered.count else { return nil }
                if offered[start..<end].elementsEqual(name.utf8) { return start..<end }
                index = end
            }
        }
        return nil
    }
}

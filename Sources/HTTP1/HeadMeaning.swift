/// What the header fields say about the request itself: its length, its connection, what it expects.
///
/// Anything that two parsers might read differently is refused. RFC 9112 sections 3.2, 6 and 9; RFC 9110 section
/// 10.1.1.
struct HeadMeaning {
    private var hasHost = false
    private var contentLength: Int?
    private var isChunked = false
    private var saysClose = false
    private var saysKeepAlive = false
    private var saysUpgrade = false
    private var offersWebSocket = false
    private var expectsContinue = false

    /// Takes in one field.
    ///
    /// Names that mean nothing here cost one switch.
    mutating func read(name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) throws(RequestError) {
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"):
            guard !hasHost, Self.isHost(value) else { throw .badHost }
            hasHost = true
        case 6 where name.equalsIgnoringCase("expect"):
            guard value.equalsIgnoringCase("100-continue") else { throw .badExpectation }
            expectsContinue = true
        case 7 where name.equalsIgnoringCase("upgrade"):
            var found = false
            value.forEachListElement { if $0.equalsIgnoringCase("websocket") { found = true } }
            if found { offersWebSocket = true }
        case 10 where name.equalsIgnoringCase("connection"):
            readConnection(value)
        case 14 where name.equalsIgnoringCase("content-length"):
            guard contentLength == nil, let length = Self.length(value) else { throw .badContentLength }
            contentLength = length
        case 16 where name.equalsIgnoringCase("content-encoding"):
            guard value.isEmpty || value.equalsIgnoringCase("identity") else { throw .encodedBody }
        case 17 where name.equalsIgnoringCase("transfer-encoding"):
            guard !isChunked else { throw .badTransferEncoding }
            guard value.equalsIgnoringCase("chunked") else { throw .unknownTransferCoding }
            isChunked = true
        default:
            break
        }
    }

    private mutating func readConnection(_ value: UnsafeRawBufferPointer) {
        var (close, keepAlive, upgrade) = (saysClose, saysKeepAlive, saysUpgrade)
        value.forEachListElement { option in
            if option.equalsIgnoringCase("close") {
                close = true
            } else if option.equalsIgnoringCase("keep-alive") {
                keepAlive = true
            } else if option.equalsIgnoringCase("upgrade") {
                upgrade = true
            }
        }
        (saysClose, saysKeepAlive, saysUpgrade) = (close, keepAlive, upgrade)
    }

    // MARK: Conclusions

    struct Conclusion {
        var body: RequestHead.Body
        var keepAlive: Bool
        var expectsContinue: Bool
        var isWebSocketUpgrade: Bool
    }

    /// What all fields together mean.
    func conclude(isGet: Bool, version: RequestHead.Version) throws(RequestError) -> Conclusion {
        guard hasHost || version == .http10 else { throw .badHost }
        if isChunked {
            guard version == .http11 else { throw .badTransferEncoding }
            guard contentLength == nil else { throw .conflictingLength }
        }
        let body: RequestHead.Body = isChunked ? .chunked : contentLength.map { $0 == 0 ? .none : .length($0) } ?? .none
        let isUpgrade = saysUpgrade && offersWebSocket
        // A body would be read as frames, or frames as a body, by whoever sees it differently.
        guard !isUpgrade || (isGet && version == .http11 && body == .none) else { throw .badUpgrade }
        return Conclusion(
            body: body,
            keepAlive: !saysClose && (version == .http11 || saysKeepAlive),
            expectsContinue: expectsContinue && version == .http11 && body != .none,
            isWebSocketUpgrade: isUpgrade)
    }

    // MARK: Values

    /// Digits only, and few enough of them to fit.
    private static func length(_ value: UnsafeRawBufferPointer) -> Int? {
        guard 1...19 ~= value.count else { return nil }
        var result = 0
        for byte in value {
            guard ByteClass.isDigit(byte) else { return nil }
            let (tenfold, tooBig) = result.multipliedReportingOverflow(by: 10)
            let (sum, stillTooBig) = tenfold.addingReportingOverflow(Int(byte - 0x30))
            guard !tooBig, !stillTooBig else { return nil }
            result = sum
        }
        return result
    }

    /// `name`, `name:port`, `[v6]` or `[v6]:port`.
    private static func isHost(_ value: UnsafeRawBufferPointer) -> Bool {
        let colon = UInt8(ascii: ":")
        let nameEnd: Int
        if value.first == UInt8(ascii: "[") {
            guard let close = value.firstIndex(of: UInt8(ascii: "]")), close > 2 else { return false }
            guard value[1..<close].allSatisfy({ $0 == colon || $0 == 0x2E || ByteClass.hexValue($0) != nil }) else {
                return false
            }
            nameEnd = close + 1
        } else {
            nameEnd = value.position(of: colon, in: 0..<value.count) ?? value.count
            let name = UnsafeRawBufferPointer(rebasing: value[..<nameEnd])
            guard !name.isEmpty, name.all(in: 0..<nameEnd, are: ByteClass.isHostName),
                PercentEncoding.isWellFormed(name)
            else {
                return false
            }
        }
        guard nameEnd < value.count else { return true }
        guard value[nameEnd] == colon else { return false }
        // The port may be empty, RFC 3986 section 3.2.3.
        var port = 0
        for index in (nameEnd + 1)..<value.count {
            guard ByteClass.isDigit(value[index]) else { return false }
            port = port * 10 + Int(value[index] - 0x30)
            guard port <= 65_535 else { return false }
        }
        return true
    }
}

/// What two sides have agreed on for permessage-deflate.
///
/// RFC 7692 section 7.1.
package struct DeflateParameters: Hashable, Sendable {
    /// Window sizes are powers of two: of 256 bytes to 32 KiB.
    package static let windowBits = 8...15

    /// Each message of ours is compressed by itself.
    package var serverNoContextTakeover: Bool
    /// Each message of the client is compressed by itself.
    package var clientNoContextTakeover: Bool
    /// How far back our compressed messages refer.
    package var serverWindowBits: Int
    /// How far back the client's compressed messages refer.
    package var clientWindowBits: Int

    package init(
        serverNoContextTakeover: Bool = true, clientNoContextTakeover: Bool = true, serverWindowBits: Int = 15,
        clientWindowBits: Int = 15
    ) {
        self.serverNoContextTakeover = serverNoContextTakeover
        self.clientNoContextTakeover = clientNoContextTakeover
        self.serverWindowBits = serverWindowBits
        self.clientWindowBits = clientWindowBits
    }

    /// The value of `Sec-WebSocket-Extensions` that tells the client.
    package var answer: String {
        var answer = "permessage-deflate"
        if serverNoContextTakeover { answer += "; server_no_context_takeover" }
        if clientNoContextTakeover { answer += "; client_no_context_takeover" }
        if serverWindowBits < 15 { answer += "; server_max_window_bits=\(serverWindowBits)" }
        if clientWindowBits < 15 { answer += "; client_max_window_bits=\(clientWindowBits)" }
        return answer
    }
}

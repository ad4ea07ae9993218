/// What the server wants of permessage-deflate, and what becomes of a client's offers.
///
/// RFC 7692 sections 5 and 7.1.
///
/// By default neither side takes its context over from message to message: then compressors are shared by all
/// connections of a loop, and a message that many clients get is compressed once for all of them.
package struct DeflatePolicy: Hashable, Sendable {
    /// The server may always promise this (section 7.1.1.1).
    package var serverNoContextTakeover: Bool
    /// The server may always demand this, and every client has to comply (section 7.1.1.2).
    package var clientNoContextTakeover: Bool
    /// The server may use less than the client would bear (section 7.1.2.1).
    package var serverMaxWindowBits: Int
    /// Asked of clients that offer to comply; others must not be asked (section 7.1.2.2).
    package var clientMaxWindowBits: Int

    package init(
        serverNoContextTakeover: Bool = true, clientNoContextTakeover: Bool = true, serverMaxWindowBits: Int = 15,
        clientMaxWindowBits: Int = 15
    ) {
        precondition(DeflateParameters.windowBits.contains(serverMaxWindowBits))
        precondition(DeflateParameters.windowBits.contains(clientMaxWindowBits))
        self.serverNoContextTakeover = serverNoContextTakeover
        self.clientNoContextTakeover = clientNoContextTakeover
        self.serverMaxWindowBits = serverMaxWindowBits
        self.clientMaxWindowBits = clientMaxWindowBits
    }

    /// What is agreed on: the first offer of permessage-deflate that has no fault; nil for none, and no extension.
    package func accept(_ offers: [ExtensionOffer]) -> DeflateParameters? {
        for offer in offers where offer.name == "permessage-deflate" {
            if let parameters = accept(offer) { return parameters }
        }
        return nil
    }

    /// An offer with a parameter that is unknown, given twice or has a bad value is declined (section 7.1).
    private func accept(_ offer: ExtensionOffer) -> DeflateParameters? {
        var result = DeflateParameters(
            serverNoContextTakeover: serverNoContextTakeover, clientNoContextTakeover: clientNoContextTakeover,
            serverWindowBits: serverMaxWindowBits, clientWindowBits: 15)
        var seen: Set<String> = []
        for parameter in offer.parameters {
            guard seen.insert(parameter.name).inserted else { return nil }
            switch (parameter.name, parameter.value) {
            case ("server_no_context_takeover", nil):
                result.serverNoContextTakeover = true
            case ("client_no_context_takeover", nil):
                result.clientNoContextTakeover = true
            case ("server_max_window_bits", let value?):
                guard let bits = Self.windowBits(value) else { return nil }
                result.serverWindowBits = min(result.serverWindowBits, bits)
            case ("client_max_window_bits", nil):
                result.clientWindowBits = clientMaxWindowBits
            case ("client_max_window_bits", let value?):
                guard let bits = Self.windowBits(value) else { return nil }
                result.clientWindowBits = min(clientMaxWindowBits, bits)
            default:
                return nil
            }
        }
        return result
    }

    /// 8 to 15, in decimal without leading zeros (section 7.1.2).
    private static func windowBits(_ text: String) -> Int? {
        DeflateParameters.windowBits.first { String($0) == text }
    }
}

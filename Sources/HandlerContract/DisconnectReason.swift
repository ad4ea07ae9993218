/// Why a socket is gone, as handlers read it in `reason`.
package enum DisconnectReason: String, Hashable, Sendable, CaseIterable {
    case client, transportClose, transportError, pingTimeout, server, slow, tokenExpired, drain, nodeLost, parseError
    case rateLimited
}

extension ClientOrigin {
    /// Who made a request.
    init(of exchange: HTTPExchange) {
        let connection = exchange.connection
        self =
            connection.listener.trust?.client(of: exchange)
            ?? ClientOrigin(ip: connection.peerAddress, isTLS: connection.isTLS, isTrusted: false)
    }
}

extension GatewayConfiguration {
    /// A backend that events go to.
    package enum Handler: Hashable, Sendable {
        case http(HTTPHandler)
    }

    /// A backend that is called by HTTP POST.
    package struct HTTPHandler: Hashable, Sendable {
        /// `http` or `https`.
        package var url: String
        /// Of one call; a route may be stricter.
        package var timeout: Duration
        /// Calls in flight at the same time.
        package var concurrency: Int
        /// `whsec_…`, newest first; empty: requests are not signed.
        package var signingKeys: [Secret]
        /// Request headers of the client that the handler may see; lower-case.
        package var forwardHeaders: [String]
        /// PEM file of the authorities that are trusted instead of the system's.
        package var certificateAuthority: String?
        /// Calls for a stored event before it is a dead letter.
        package var maxAttempts = 16
        /// Age of a stored event at which it is a dead letter.
        package var maxAge = Duration.seconds(24 * 3_600)
    }
}

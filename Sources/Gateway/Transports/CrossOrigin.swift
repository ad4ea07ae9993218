import Configuration

/// The fields that let a page of another origin read an answer.
///
/// Fetch standard, "HTTP-CORS protocol".
struct CrossOrigin: Sendable {
    private let options: GatewayConfiguration.CORS
    /// Nil: any.
    private let allowed: [OriginPattern]?

    init(_ options: GatewayConfiguration.CORS) {
        self.options = options
        switch options.origins {
        case .any: self.allowed = nil
        case .list(let origins): self.allowed = origins.compactMap { OriginPattern($0) }
        }
    }

    /// Whether ``fields(origin:)`` are others for other origins.
    var tellsOriginsApart: Bool { self.allowed != nil }

    /// The fields of every answer.
    func fields(origin: String?) -> [(name: String, value: String)] {
        var fields: [(name: String, value: String)] = []
        if let allowed = self.allowed {
            if let origin, let page = WebOrigin(origin), allowed.contains(where: { $0.matches(page) }) {
                fields.append(("access-control-allow-origin", origin))
            }
            fields.append(("vary", "Origin"))
        } else {
            fields.append(("access-control-allow-origin", "*"))
        }
        if self.options.credentials { fields.append(("access-control-allow-credentials", "true")) }
        if !self.options.exposedHeaders.isEmpty {
            fields.append(("access-control-expose-headers", self.options.exposedHeaders.joined(separator: ",")))
        }
        return fields
    }

    /// The answer to a preflight request.
    func preflight(origin: String?, requestedHeaders: String?) -> HTTPResponse {
        var fields = self.fields(origin: origin).filter { $0.name != "access-control-expose-headers" }
        fields.append(("access-control-allow-methods", self.options.methods.joined(separator: ",")))
        if let allowed = self.options.allowedHeaders {
            fields.append(("access-control-allow-headers", allowed.joined(separator: ",")))
        } else if let requestedHeaders {
            fields.append(("vary", "Access-Control-Request-Headers"))
            fields.append(("access-control-allow-headers", requestedHeaders))
        }
        if let maxAge = self.options.maxAge {
            fields.append(("access-control-max-age", String(maxAge.components.seconds)))
        }
        return HTTPResponse(self.options.optionsSuccessStatus, headers: fields)
    }
}

internal import JSONScanner

/// Where a client may put its token, and the order in which these places are looked at.
///
/// The CONNECT payload's `token`, `Authorization: Bearer`, a cookie, a query parameter. The first that has one counts,
/// even when a later one would have a good one.
package struct TokenSource: Hashable, Sendable {
    package enum Place: String, Hashable, Sendable, CaseIterable { case auth, header, cookie, query }

    /// Where a token was found matters: a browser sends cookies along with what another site makes it do.
    package struct Found: Hashable, Sendable {
        package var token: String
        package var place: Place
    }

    /// Bytes of a CONNECT payload that is searched for a token.
    static let authLimit = 64 * 1024

    /// Name of the cookie; nil: cookies are not looked at.
    package var cookie: String?
    /// Name of the query parameter; nil: the query is not looked at.
    ///
    /// Addresses end up in logs, so this is for clients that cannot send anything else.
    package var query: String?

    package init(cookie: String? = nil, query: String? = nil) {
        self.cookie = cookie
        self.query = query
    }

    /// - Parameters:
    ///   - authJSON: what came with CONNECT.
    ///   - authorization: the header of that name.
    ///   - cookies: the `Cookie` header; several are joined with `; `.
    ///   - queryValue: the decoded value of a query parameter.
    /// - Returns: nil when there is no token anywhere.
    /// - Throws: ``TokenError/malformed`` or ``TokenError/tooLarge`` when what stands in place of a token is none.
    package func token(
        authJSON: [UInt8]?, authorization: String?, cookies: String?, queryValue: (String) -> String?
    ) throws(TokenError) -> Found? {
        if let token = try Self.token(authJSON: authJSON) { return try Self.found(token, .auth) }
        if let token = Self.bearer(authorization) { return try Self.found(token, .header) }
        if let cookie, let token = Self.value(of: cookie, in: cookies) { return try Self.found(token, .cookie) }
        if let query, let token = queryValue(query), !token.isEmpty { return try Self.found(token, .query) }
        return nil
    }

    private static func found(_ token: String, _ place: Place) throws(TokenError) -> Found {
        guard token.utf8.count <= TokenPolicy.sizeLimit else { throw .tooLarge }
        return Found(token: token, place: place)
    }

    private static func token(authJSON: [UInt8]?) throws(TokenError) -> String? {
        guard let authJSON else { return nil }
        guard authJSON.count <= authLimit else { throw .tooLarge }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(authJSON, maxNodes: 4096)
        } catch {
            throw .malformed
        }
        // Clients that are not signed in send null or an empty one.
        guard let member = document.root["token"], !member.isNull else { return nil }
        guard let token = member.string else { throw .malformed }
        return token.isEmpty ? nil : token
    }

    /// RFC 6750 section 2.1; the scheme in any case, as RFC 9110 section 11.1 has it.
    private static func bearer(_ header: String?) -> String? {
        guard let header else { return nil }
        let scheme = header.utf8.prefix(7)
        guard scheme.count == 7, zip(scheme, "bearer ".utf8).allSatisfy({ $0 | 0x20 == $1 }) else { return nil }
        let token = header.utf8.dropFirst(7).drop { $0 == UInt8(ascii: " ") }
        return token.isEmpty ? nil : String(decoding: token, as: UTF8.self)
    }

    /// The first cookie of that name, which is the one with the longest path (RFC 6265 section 5.4).
    private static func value(of name: String, in header: String?) -> String? {
        guard let header else { return nil }
        let isBlank = { (byte: UInt8) in byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
        for pair in header.utf8.split(separator: UInt8(ascii: ";")) {
            let trimmed = pair.drop(while: isBlank)
            guard let equals = trimmed.firstIndex(of: UInt8(ascii: "=")),
                trimmed[..<equals].elementsEqual(name.utf8)
            else { continue }
            var value = Array(trimmed[trimmed.index(after: equals)...])
            while let last = value.last, isBlank(last) { value.removeLast() }
            let quote = UInt8(ascii: "\"")
            if value.count >= 2, value.first == quote, value.last == quote {
                value = Array(value.dropFirst().dropLast())
            }
            return value.isEmpty ? nil : String(decoding: value, as: UTF8.self)
        }
        return nil
    }
}

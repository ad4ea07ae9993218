/// What a client wants done with a target.
///
/// RFC 9110 section 9; case matters.
package enum Method: Hashable, Sendable {
    case get, post, put, delete, options, head, patch
    case other(String)

    /// `bytes` has to be a token.
    init(_ bytes: UnsafeRawBufferPointer) {
        if bytes.equals("GET") {
            self = .get
        } else if bytes.equals("POST") {
            self = .post
        } else if bytes.elementsEqual("OPTIONS".utf8) {
            self = .options
        } else if bytes.elementsEqual("HEAD".utf8) {
            self = .head
        } else if bytes.elementsEqual("PUT".utf8) {
            self = .put
        } else if bytes.elementsEqual("DELETE".utf8) {
            self = .delete
        } else if bytes.elementsEqual("PATCH".utf8) {
            self = .patch
        } else {
            self = .other(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// The method as it stands on the wire.
    package var name: String {
        switch self {
        case .get: "GET"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        case .options: "OPTIONS"
        case .head: "HEAD"
        case .patch: "PATCH"
        case .other(let name): name
        }
    }
}

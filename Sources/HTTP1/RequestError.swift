/// Why a request is refused.
///
/// Whatever the case: answer once with ``status``, then close the connection.
package enum RequestError: Error, Hashable, Sendable {
    // 400
    case badLineEnd
    case badRequestLine
    case badTarget
    case badField
    case foldedField
    case badHost
    case badContentLength
    case conflictingLength
    case badTransferEncoding
    case badChunk
    case badTrailer
    case badUpgrade
    case repeatedQueryKey
    // others
    case timeout
    case bodyTooLarge
    case targetTooLong
    case encodedBody
    case badExpectation
    case upgradeRequired
    case fieldTooLong
    case tooManyFields
    case headTooLong
    case unknownTransferCoding
    case unsupportedVersion

    /// The status of the answer.
    package var status: Int {
        switch self {
        case .badLineEnd, .badRequestLine, .badTarget, .badField, .foldedField, .badHost, .badContentLength,
            .conflictingLength, .badTransferEncoding, .badChunk, .badTrailer, .badUpgrade, .repeatedQueryKey:
            400
        case .timeout: 408
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .encodedBody: 415
        case .badExpectation: 417
        case .upgradeRequired: 426
        case .fieldTooLong, .tooManyFields, .headTooLong: 431
        case .unknownTransferCoding: 501
        case .unsupportedVersion: 505
        }
    }

    /// One line for a log; never holds what the client sent.
    package var reason: String {
        switch self {
        case .badLineEnd: "line end or control character out of place"
        case .badRequestLine: "malformed request line"
        case .badTarget: "malformed request target"
        case .badField: "malformed header field"
        case .foldedField: "header field is folded or starts with a blank"
        case .badHost: "missing, repeated or malformed host"
        case .badContentLength: "repeated or malformed content length"
        case .conflictingLength: "content length together with transfer encoding"
        case .badTransferEncoding: "repeated transfer encoding, or one in HTTP/1.0"
        case .badChunk: "malformed chunk"
        case .badTrailer: "malformed or too long trailer section"
        case .badUpgrade: "websocket upgrade with a body, another method than GET, or HTTP/1.0"
        case .repeatedQueryKey: "repeated query key"
        case .timeout: "request not received in time"
        case .bodyTooLarge: "body too large"
        case .targetTooLong: "request target too long"
        case .encodedBody: "body has a content encoding"
        case .badExpectation: "unknown expectation"
        case .upgradeRequired: "upgrade required"
        case .fieldTooLong: "header field too long"
        case .tooManyFields: "too many header fields"
        case .headTooLong: "header block too long"
        case .unknownTransferCoding: "unknown transfer coding"
        case .unsupportedVersion: "unsupported HTTP version"
        }
    }
}

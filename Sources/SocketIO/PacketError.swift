package import enum JSONScanner.JSONError

/// Why a client's packet cannot be taken.
///
/// Every case means: close this connection, "parse error".
package enum PacketError: Error, Hashable, Sendable {
    case empty
    /// Not a digit from 0 to 6, or CONNECT_ERROR, which only servers send.
    case unexpectedKind
    /// The number of attachments is missing, not canonical, or not followed by a dash.
    case invalidAttachmentCount
    case tooManyAttachments
    case invalidNamespace
    case namespaceTooLong
    /// Missing on an ACK, not canonical, above 2^53, or on a packet that has none.
    case invalidAckID
    case missingPayload
    case unexpectedPayload
    case invalidPayload(JSONError)
    /// Neither a string nor a number.
    case invalidEventName
    case reservedEventName
    /// A placeholder that names no attachment of its packet.
    case invalidPlaceholder
    /// An attachment that no placeholder names.
    case unusedAttachment
    /// A text packet while attachments are awaited.
    case missingAttachment
    /// A binary message while none is awaited.
    case unexpectedBinary
    /// Attachments are announced by a client that is in no namespace.
    case attachmentsBeforeConnect
    /// Text and attachments together.
    case packetTooLarge

    /// What is wrong, for the log; never contains anything that the client sent.
    package var reason: String {
        switch self {
        case .empty: "empty packet"
        case .unexpectedKind: "unexpected packet type"
        case .invalidAttachmentCount: "invalid number of attachments"
        case .tooManyAttachments: "too many attachments"
        case .invalidNamespace: "invalid namespace"
        case .namespaceTooLong: "namespace too long"
        case .invalidAckID: "invalid ack id"
        case .missingPayload: "missing payload"
        case .unexpectedPayload: "unexpected payload"
        case .invalidPayload(let error): "invalid payload: \(error.reason) at byte \(error.offset)"
        case .invalidEventName: "event name is neither a string nor a number"
        case .reservedEventName: "reserved event name"
        case .invalidPlaceholder: "placeholder without an attachment"
        case .unusedAttachment: "attachment without a placeholder"
        case .missingAttachment: "text packet while attachments were awaited"
        case .unexpectedBinary: "binary message while none was awaited"
        case .attachmentsBeforeConnect: "attachments before CONNECT"
        case .packetTooLarge: "packet too large"
        }
    }
}

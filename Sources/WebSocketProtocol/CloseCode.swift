/// Why a WebSocket ends, as a number on the wire.
///
/// RFC 6455 section 7.4 and the IANA registry.
package enum CloseCode {
    package static let normal: UInt16 = 1000
    package static let goingAway: UInt16 = 1001
    package static let protocolError: UInt16 = 1002
    package static let unsupportedData: UInt16 = 1003
    package static let invalidPayload: UInt16 = 1007
    package static let policyViolation: UInt16 = 1008
    package static let messageTooBig: UInt16 = 1009
    package static let internalError: UInt16 = 1011
    package static let serviceRestart: UInt16 = 1012
    package static let tryAgainLater: UInt16 = 1013

    /// Whether an endpoint may put this code into a close frame.
    ///
    /// 1004 is reserved, 1005, 1006 and 1015 only ever describe what happened locally; 1000-2999 belongs to the
    /// protocol (1000-1003 and 1007-1014 are assigned), 3000-4999 to libraries and applications.
    package static func isAllowedOnWire(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}

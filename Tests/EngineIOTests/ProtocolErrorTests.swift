import EngineIO
import NIOCore
import Testing

@Suite struct ProtocolErrorTests {
    @Test(arguments: [
        (ProtocolError.unknownTransport, #"{"code":0,"message":"Transport unknown"}"#, 400),
        (.unknownSession, #"{"code":1,"message":"Session ID unknown"}"#, 400),
        (.badHandshakeMethod, #"{"code":2,"message":"Bad handshake method"}"#, 400),
        (.badRequest, #"{"code":3,"message":"Bad request"}"#, 400),
        (.forbidden, #"{"code":4,"message":"Forbidden"}"#, 403),
        (.unsupportedProtocolVersion, #"{"code":5,"message":"Unsupported protocol version"}"#, 400),
    ])
    func `every error has the code, message and status of the reference`(
        error: ProtocolError, json: String, status: Int
    ) {
        var buffer = ByteBuffer()
        error.writeJSON(into: &buffer)
        #expect(buffer.text == json)
        #expect(error.httpStatus == status)
    }

    @Test func `a message of one's own is escaped`() {
        var buffer = ByteBuffer()
        ProtocolError.forbidden.writeJSON(message: "no \"way\"\\\n\u{1f}é", into: &buffer)
        #expect(buffer.text == #"{"code":4,"message":"no \"way\"\\\u000a\u001fé"}"#)
    }
}

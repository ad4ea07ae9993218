import JSONScanner
import Testing

@testable import HandlerContract

@Suite struct ClientErrorTests {
    @Test func `the callback gets code, message and data`() {
        let error = ClientError(
            .init(rawValue: "badInput"), message: "text \"too\" long", data: Array(#"{"max":1e400}"#.utf8))
        #expect(
            String(decoding: error.arguments, as: UTF8.self)
                == #"{"error":{"code":"badInput","message":"text \"too\" long","data":{"max":1e400}}}"#)
    }

    @Test(arguments: [
        ClientError.Code.handlerError, .unavailable, .timeout, .forbidden, .busy, .badRequest, .noRoute, .rateLimited,
    ])
    func `our own codes have a message and no data`(code: ClientError.Code) throws {
        let document = try JSONDocument(ClientError(code).arguments)
        let error = try #require(document.root["error"])
        #expect(error["code"]?.string == code.rawValue)
        #expect(error["message"]?.string?.isEmpty == false)
        #expect(error["data"] == nil)
    }
}

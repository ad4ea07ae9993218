import JSONScanner
import Testing

@testable import Gateway

@Suite struct RequestOptionsTests {
    private func read(_ text: String) throws -> (RequestOptions, [String]) {
        var errors: [AdminProblem.Detail] = []
        let options = RequestOptions(try JSONDocument(text).root, &errors)
        return (options, errors.map(\.pointer))
    }

    @Test func `an answer of everyone is waited for, five seconds long`() throws {
        let (options, errors) = try self.read("{}")
        #expect(options.timeout == .seconds(5))
        #expect(!options.first)
        #expect(errors.isEmpty)
    }

    @Test func `both can be said`() throws {
        let (options, errors) = try self.read(#"{"timeout":"250ms","expect":"first"}"#)
        #expect(options.timeout == .milliseconds(250))
        #expect(options.first)
        #expect(errors.isEmpty)
        #expect(try self.read(#"{"timeout":"1m","expect":"all"}"#).0.timeout == .seconds(60))
    }

    @Test(arguments: [
        "5", "\"5\"", "\"61s\"", "\"0s\"", "\"-1s\"", "\"s\"", "\"1.5s\"", "\"2m\"", "\"9999999999999999999s\"", "null",
    ])
    func `a timeout has a unit and a limit`(timeout: String) throws {
        #expect(try self.read("{\"timeout\":\(timeout)}").1 == ["/timeout"])
    }

    @Test func `nothing else can be expected`() throws {
        #expect(try self.read(#"{"expect":"some"}"#).1 == ["/expect"])
        #expect(try self.read(#"{"expect":1,"timeout":1}"#).1 == ["/timeout", "/expect"])
    }
}

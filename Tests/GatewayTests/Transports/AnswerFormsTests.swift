import NIOCore
import Testing

@testable import Configuration
@testable import Gateway

@Suite struct AnswerFormsTests {
    private func text(_ form: AnswerForms.Form) throws -> String {
        var buffer = ByteBuffer()
        try HTTPResponse(form, body: ByteBuffer(string: "ok")).writeHead(
            keepAlive: true, version: .http11, into: &buffer)
        return String(buffer: buffer)
    }

    private func crossOrigin(_ origins: GatewayConfiguration.CORS.Origins) -> CrossOrigin {
        CrossOrigin(
            .init(
                origins: origins, methods: ["GET"], allowedHeaders: nil, exposedHeaders: [], credentials: true,
                maxAge: nil, optionsSuccessStatus: 204))
    }

    @Test func `a prepared head is what would have been written`() throws {
        let forms = AnswerForms(self.crossOrigin(.list(["https://a.example"])))
        for origin in ["https://a.example", "https://other.example", nil] {
            let page = forms.page(origin: origin)
            for form in [page.poll, page.post] {
                var plain = HTTPResponse(200, headers: form.headers, body: ByteBuffer(string: "ok"))
                plain.prepared = nil
                var buffer = ByteBuffer()
                try plain.writeHead(keepAlive: true, version: .http11, into: &buffer)
                #expect(form.prepared != nil)
                #expect(try self.text(form) == String(buffer: buffer))
            }
        }
    }

    @Test func `each page gets its own origin back, and strangers none`() throws {
        let forms = AnswerForms(self.crossOrigin(.list(["https://a.example", "https://b.example"])))
        for _ in 0..<2 {
            for origin in ["https://a.example", "https://b.example"] {
                let head = try self.text(forms.page(origin: origin).poll)
                #expect(head.contains("access-control-allow-origin: \(origin)\r\n"))
                #expect(head.contains("vary: Origin\r\n"))
            }
            #expect(try !self.text(forms.page(origin: "https://c.example").post).contains("allow-origin"))
            #expect(try !self.text(forms.page(origin: nil).post).contains("allow-origin"))
        }
    }

    @Test func `more pages than are kept are still told apart`() throws {
        let origins = (0..<40).map { "https://page\($0).example" }
        let forms = AnswerForms(self.crossOrigin(.list(origins)))
        for origin in origins + origins.reversed() {
            let head = try self.text(forms.page(origin: origin).poll)
            #expect(head.contains("access-control-allow-origin: \(origin)\r\n"))
        }
    }

    @Test func `where pages do not matter none is asked for`() {
        for crossOrigin in [nil, self.crossOrigin(.any)] {
            let forms = AnswerForms(crossOrigin)
            var asked = false
            func origin() -> String? {
                asked = true
                return "https://a.example"
            }
            #expect(forms.page(origin: origin()).poll.prepared != nil)
            #expect(!asked)
        }
    }
}

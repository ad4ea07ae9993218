import Testing

@testable import Gateway

@Suite struct AdminRequestTests {
    @Test func `parameters of the query are decoded, and known`() throws {
        let request = try AdminFixture.request("GET", "/v1/sockets?room=a%2Fb+c&namespace=%2Fchat&limit=500")
        try request.checkQuery()
        #expect(try request.value("room") == "a/b c")
        #expect(try request.value("namespace") == "/chat")
        #expect(try request.value("user") == nil)
        #expect(try request.pageLimit() == 500)
    }

    @Test func `a parameter that nobody knows or that stands twice is refused`() throws {
        let unknown = try AdminFixture.request("GET", "/v1/sockets?rom=x")
        #expect(problem { () throws(AdminProblem) in try unknown.checkQuery() }?.status == 400)
        let twice = try AdminFixture.request("GET", "/v1/sockets?room=x&room=y")
        #expect(problem { () throws(AdminProblem) in _ = try twice.value("room") }?.status == 400)
        let scrape = try AdminFixture.request("GET", "/metrics?format=prometheus")
        try scrape.checkQuery()
    }

    @Test(arguments: ["0", "501", "-1", "ten", "", "99999999999999999999", "1.5"])
    func `a page has 1 to 500 entries`(limit: String) throws {
        let request = try AdminFixture.request("GET", "/v1/sockets?limit=\(limit)")
        #expect(problem { () throws(AdminProblem) in _ = try request.pageLimit() }?.status == 400)
        #expect(try AdminFixture.request("GET", "/v1/sockets").pageLimit() == 100)
    }

    @Test func `a flag is true, false or just there`() throws {
        #expect(try AdminFixture.request("DELETE", "/v1/sockets/x").flag("close") == false)
        #expect(try AdminFixture.request("DELETE", "/v1/sockets/x?close").flag("close"))
        #expect(try AdminFixture.request("DELETE", "/v1/sockets/x?close=true").flag("close"))
        let other = try AdminFixture.request("DELETE", "/v1/sockets/x?close=yes")
        #expect(problem { () throws(AdminProblem) in _ = try other.flag("close") }?.status == 400)
    }

    @Test(arguments: ["", " ", "{", "[]", "5", "nul", "{\"a\":1}x", "{\"a\":" + String(repeating: "[", count: 100_000)])
    func `a body that is no JSON object is refused`(body: String) throws {
        let request = try AdminFixture.request("POST", "/v1/emit", body: body)
        #expect(problem { () throws(AdminProblem) in _ = try request.object() }?.status == 400)
    }

    @Test func `the place of a mistake in the JSON is told`() throws {
        let request = try AdminFixture.request("POST", "/v1/emit", body: "{\n  \"a\": ?\n}")
        let found = problem { () throws(AdminProblem) in _ = try request.object() }
        #expect(found?.detail.contains("line 2, column 8") == true)
    }
}

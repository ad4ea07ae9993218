import HTTP1
import Testing

@testable import Gateway

@Suite struct AdminRouteTests {
    private func found(_ method: HTTP1.Method, _ path: String) -> (AdminOperation, [String])? {
        guard case .found(let route, let parameters) = AdminRoute.match(method, path) else { return nil }
        return (route.operation, parameters)
    }

    @Test func `a path and its method lead to an operation`() {
        #expect(self.found(.get, "/metrics")?.0 == .metrics)
        #expect(self.found(.head, "/livez")?.0 == .live)
        #expect(self.found(.post, "/v1/emit")?.0 == .emit)
        #expect(self.found(.get, "/v1/sockets/abc")?.1 == ["abc"])
        #expect(self.found(.delete, "/v1/sockets/abc")?.0 == .disconnectSocket)
        #expect(self.found(.put, "/v1/rooms/r/members/s")?.1 == ["r", "s"])
    }

    @Test func `an encoded slash belongs to a name, and a name is decoded once`() {
        #expect(self.found(.get, "/v1/rooms/a%2Fb%20c")?.1 == ["a/b c"])
        #expect(self.found(.get, "/v1/rooms/100%2525")?.1 == ["100%25"])
        #expect(self.found(.get, "/v1/rooms/caf%C3%A9")?.1 == ["café"])
        #expect(self.found(.get, "/v1/rooms/%FF") == nil)
    }

    @Test(arguments: [
        "/", "/v1", "/v1/", "/v1/emit/", "/v1/rooms/", "/v1/sockets//", "/V1/emit", "/metrics2", "/v1/dlq/x/y/z",
    ])
    func `other paths are unknown`(path: String) {
        guard case .unknown = AdminRoute.match(.get, path) else {
            Issue.record("\(path) is known")
            return
        }
    }

    @Test func `a wrong method is told the right ones`() {
        func allowed(_ method: HTTP1.Method, _ path: String) -> [String]? {
            if case .wrongMethod(let allowed) = AdminRoute.match(method, path) { allowed } else { nil }
        }
        #expect(allowed(.get, "/v1/emit") == ["POST"])
        #expect(allowed(.head, "/v1/emit") == ["POST"])
        #expect(allowed(.delete, "/metrics") == ["GET", "HEAD"])
        #expect(allowed(.other("BREW"), "/v1/sockets/x") == ["GET", "HEAD", "DELETE"])
        #expect(allowed(.get, "/v1/rooms/r/members/s") == ["PUT", "DELETE"])
    }

    @Test func `only probes need no key, and only writing needs more than reading`() {
        for route in AdminRoute.all {
            switch route.access {
            case .open: #expect(route.path.hasSuffix("z"))
            case .scope(let scope): #expect((scope == .read) == (route.method == .get), "\(route.path)")
            }
        }
    }

    @Test func `no two routes have the same method and path`() {
        #expect(Set(AdminRoute.all.map { "\($0.method.name) \($0.path)" }).count == AdminRoute.all.count)
    }
}

import Configuration
import Glibc
import Testing

@testable import Gateway

@Suite struct InheritedSocketsTests {
    private func descriptors(_ variables: [String: String]) -> [String] {
        InheritedSockets.descriptors(environment: variables, pid: 42).map { "\($0.descriptor) \($0.name ?? "-")" }
    }

    @Test func `descriptors begin at three and have names`() {
        #expect(
            self.descriptors(["LISTEN_PID": "42", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "public::admin"])
                == ["3 public", "4 -", "5 admin"])
        #expect(self.descriptors(["LISTEN_PID": "42", "LISTEN_FDS": "2"]) == ["3 -", "4 -"])
        #expect(self.descriptors(["LISTEN_PID": "42", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a"]) == ["3 a", "4 -"])
    }

    @Test(arguments: [
        [:], ["LISTEN_FDS": "2"], ["LISTEN_PID": "43", "LISTEN_FDS": "2"], ["LISTEN_PID": "42", "LISTEN_FDS": "0"],
        ["LISTEN_PID": "42", "LISTEN_FDS": "-1"], ["LISTEN_PID": "42", "LISTEN_FDS": "2x"],
        ["LISTEN_PID": "42", "LISTEN_FDS": "99999999999999999999"], ["LISTEN_PID": "", "LISTEN_FDS": "2"],
    ])
    func `what is not meant for us, or nonsense, is nothing`(variables: [String: String]) {
        #expect(self.descriptors(variables).isEmpty)
    }

    private let sockets = InheritedSockets([
        .init(descriptor: 3, name: "public", address: .host("0.0.0.0", port: 443)),
        .init(descriptor: 4, name: nil, address: .unix(path: "/run/g.sock")),
        .init(descriptor: 5, name: "other", address: nil),
    ])

    @Test func `a listener takes the socket of its name, or else that of its address`() {
        #expect(self.sockets.entry(name: "public", address: .host("127.0.0.1", port: 1))?.descriptor == 3)
        #expect(self.sockets.entry(name: "x", address: .unix(path: "/run/g.sock"))?.descriptor == 4)
        #expect(self.sockets.entry(name: "x", address: .host("0.0.0.0", port: 80)) == nil)
    }

    @Test func `what no listener takes is known`() {
        let unused = self.sockets.unused(by: [
            ("public", .host("127.0.0.1", port: 1)), ("x", .unix(path: "/run/g.sock")),
        ])
        #expect(unused.map(\.descriptor) == [5])
    }
}

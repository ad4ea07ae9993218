import Glibc
import Testing

@testable import Gateway

@Suite struct AcceptTroubleTests {
    @Test(arguments: [EMFILE, ENFILE, ENOBUFS, ENOMEM])
    func `without descriptors or memory nothing is tried for a moment`(code: CInt) {
        var trouble = AcceptTrouble()
        #expect(trouble.failed(code) == .pauseUnready)
    }

    @Test(arguments: [ECONNABORTED, EPROTO, EPERM, ENETDOWN])
    func `a connection that fails holds up no other, many without one between them do`(code: CInt) {
        var trouble = AcceptTrouble()
        for _ in 1..<AcceptTrouble.patience { #expect(trouble.failed(code) == .goOn) }
        #expect(trouble.failed(code) == .pause)
        #expect(trouble.failed(code) == .pause)
        trouble.accepted()
        #expect(trouble.failed(code) == .goOn)
    }
}

import Dispatch
import Testing

@testable import Gateway

@Suite struct ExitLimitTests {
    @Test func `an end that does not come by itself is brought about, once`() {
        let ended = DispatchSemaphore(value: 0)
        let limit = ExitLimit { ended.signal() }
        limit.arm(.milliseconds(1))
        limit.arm(.milliseconds(1))
        #expect(ended.wait(timeout: .now() + 60) == .success)
        #expect(ended.wait(timeout: .now() + 0.2) == .timedOut)
    }

    @Test func `an end in time is left alone`() {
        let ended = DispatchSemaphore(value: 0)
        let limit = ExitLimit { ended.signal() }
        limit.arm(.milliseconds(500))
        limit.disarm()
        #expect(ended.wait(timeout: .now() + 1) == .timedOut)
    }
}

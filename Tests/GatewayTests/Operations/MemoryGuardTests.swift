import Logging
import Testing

@testable import Gateway

@Suite struct MemoryGuardTests {
    @Test func `the second field counts resident pages`() {
        #expect(MemoryGuard.residentPages(ArraySlice("24000 1234 800 1 0 99 0\n".utf8)) == 1_234)
        #expect(MemoryGuard.residentPages(ArraySlice("".utf8)) == nil)
        #expect(MemoryGuard.residentPages(ArraySlice("1 x 2".utf8)) == nil)
    }

    @Test func `a process within its budget is left alone`() {
        let memory = MemoryGuard(.percent(100), logger: Logger(label: "test"))
        #expect(memory.look() == 0 && memory.level == .calm)
    }

    @Test func `a process beyond its budget has to shed`() {
        let memory = MemoryGuard(.bytes(1 << 20), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(memory.look() > 1 << 20)
        #expect(memory.level == .closing)
        memory.trim()
        #expect(memory.level == .closing)
    }
}

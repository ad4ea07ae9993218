import Configuration
import Testing

@testable import Gateway

@Suite struct MemoryLimitTests {
    @Test func `a size is itself, a share is of what there is`() {
        #expect(MemoryLimit.bytes(.bytes(300 << 20)) == 300 << 20)
        let all = MemoryLimit.bytes(.percent(100))
        #expect(all > 1 << 24)
        #expect((all / 2 - 200...all / 2).contains(MemoryLimit.bytes(.percent(50))))
    }

    @Test func `the machine's memory is in kibibytes`() {
        #expect(MemoryLimit.machine("MemTotal:       24737224 kB\nMemFree:  1 kB\n") == 24_737_224 * 1_024)
        #expect(MemoryLimit.machine("MemFree: 1 kB\n") == nil)
        #expect(MemoryLimit.machine("MemTotal: 9223372036854775807 kB\n") == nil)
    }

    @Test(
        arguments: [
            ("314572800\n", 314_572_800), ("max\n", nil), ("9223372036854771712\n", nil), ("", nil), ("0\n", nil),
        ] as [(String, Int?)])
    func `a group's limit is a number or none`(text: String, limit: Int?) {
        #expect(MemoryLimit.groupLimit(text) == limit)
    }

    @Test func `of the unified hierarchy the own group and those above it count`() {
        #expect(
            MemoryLimit.limitFiles("0::/system.slice/gatehouse.service\n") == [
                "/sys/fs/cgroup/system.slice/gatehouse.service/memory.max", "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
            ])
        #expect(MemoryLimit.limitFiles("0::/\n") == ["/sys/fs/cgroup/memory.max"])
    }

    @Test func `of the old hierarchies the one with memory counts`() {
        #expect(
            MemoryLimit.limitFiles("5:cpu,cpuacct:/a\n4:memory:/docker/x\n") == [
                "/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/docker/memory.limit_in_bytes",
                "/sys/fs/cgroup/memory/memory.limit_in_bytes",
            ])
        #expect(MemoryLimit.limitFiles("nonsense").isEmpty)
    }
}

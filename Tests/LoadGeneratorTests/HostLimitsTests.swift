import Testing

@testable import LoadGenerator

@Suite struct HostLimitsTests {
    @Test(arguments: [("32768\t60999\n", 28_232), ("1024 1024", 1), ("", 28_232), ("9 1", 28_232), ("x y", 28_232)])
    func `the range of ports is read as the kernel writes it`(text: String, ports: Int) {
        #expect(HostLimits.ports(range: text) == ports)
    }

    @Test func `this machine has ports and descriptors`() {
        #expect(HostLimits.ports > 0)
        #expect(HostLimits.descriptors > 0)
    }
}

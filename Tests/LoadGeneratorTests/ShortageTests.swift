import Glibc
import Testing

@testable import LoadGenerator

@Suite struct ShortageTests {
    private func facts(_ change: (inout Shortage.Facts) -> Void = { _ in }) -> Shortage.Facts {
        var facts = Shortage.Facts(
            descriptors: 1_024, ports: 28_232, connections: 5_000, churnPerSecond: 0, sourceAddresses: 1,
            isLoopback: true)
        change(&facts)
        return facts
    }

    @Test(
        arguments: [
            (EMFILE, .descriptors), (ENFILE, .systemDescriptors), (EADDRNOTAVAIL, .ports), (ENOMEM, .memory),
            (ENOBUFS, .memory), (ECONNREFUSED, nil), (0, nil),
        ] as [(Int32, Shortage?)])
    func `what the kernel says tells what there is too little of`(code: Int32, expected: Shortage?) {
        #expect(Shortage(code: code) == expected)
        #expect(LoadError("connect", code: code).shortage == expected)
    }

    @Test func `a lack of descriptors says how many are needed`() {
        let line = Shortage.descriptors.line(self.facts())
        #expect(line.contains("may have 1024"))
        #expect(line.contains("`ulimit -n 5032`"))
        #expect(!line.contains("\n"))
        #expect(Shortage.systemDescriptors.line(self.facts()).contains("fs.file-max"))
        #expect(Shortage.memory.line(self.facts()).contains("net.ipv4.tcp_mem"))
    }

    @Test(
        arguments: [
            // Held: as many addresses as have a port for each.
            (28_233, 0, 1, 2), (100_000, 0, 3, 4),
            // A minute of connections that were closed, besides those that are open.
            (20, 14_000, 8, 30), (20, 20_000, 8, 43),
            // Others use ports too: never what there was already.
            (20, 100, 8, 9),
        ] as [(Int, Double, Int, Int)])
    func `a lack of ports says from how many addresses to connect`(
        _ connections: Int, _ churn: Double, _ addresses: Int, _ wanted: Int
    ) {
        let line = Shortage.ports.line(
            self.facts {
                $0.connections = connections
                $0.churnPerSecond = churn
                $0.sourceAddresses = addresses
            })
        #expect(line.contains("--source-addresses \(wanted))"), "\(line)")
        #expect(line.contains("for a minute") == (churn > 0))
    }

    @Test func `where there are no more addresses other advice is given`() {
        for facts in [self.facts { $0.isLoopback = false }, self.facts { $0.churnPerSecond = 1e9 }] {
            let line = Shortage.ports.line(facts)
            #expect(line.contains("net.ipv4.ip_local_port_range") && !line.contains("--source-addresses"))
        }
        #expect(Shortage.ports.line(self.facts { $0.ports = 0 }).contains("no local port left"))
    }
}

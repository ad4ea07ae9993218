import Testing

@testable import Gateway

@Suite struct MetricsProcessTests {
    @Test func `the fields of proc(5) are found behind any name`() {
        let stat = "42 (a ) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 13 14 15 16 17 18 1000 4096000 100 19\n"
        var figures = ProcessFigures()
        figures.readStat(stat, bootTime: 1_000, ticksPerSecond: 100, pageSize: 4_096)
        #expect(figures.cpuSeconds == 3)
        #expect(figures.startTime == 1_010)
        #expect(figures.virtualBytes == 4_096_000)
        #expect(figures.residentBytes == 409_600)
    }

    @Test(arguments: ["", ")", "1 (x) S 1 2", "1 (x) S a b c d e f g h i j k l m n o p q r s t u v w"])
    func `other texts leave everything at zero`(stat: String) {
        var figures = ProcessFigures()
        figures.readStat(stat, bootTime: 1_000, ticksPerSecond: 100, pageSize: 4_096)
        #expect(figures == ProcessFigures())
    }

    @Test func `boot time and limits are lines among others`() {
        #expect(ProcessFigures.bootTime("cpu 1 2\nbtime 1795000000\nprocesses 5\n") == 1_795_000_000)
        #expect(ProcessFigures.bootTime("") == 0)
        let limits = "Limit   Soft Limit   Hard Limit   Units\nMax open files            1024    524288    files\n"
        #expect(ProcessFigures.maxDescriptors(limits) == 1_024)
        #expect(ProcessFigures.maxDescriptors("Max open files   unlimited  unlimited  files") == nil)
    }

    @Test func `this process can be read`() {
        let figures = ProcessFigures.read()
        #expect(figures.residentBytes > 1 << 20)
        #expect(figures.openDescriptors > 0)
        #expect(figures.startTime > 1_000_000_000)
    }
}

import Foundation

/// What the kernel knows of this process, under the names that all Prometheus clients use.
///
/// Reads files: not on a loop.
struct ProcessFigures: Hashable, Sendable {
    var cpuSeconds = 0.0
    var residentBytes = 0
    var virtualBytes = 0
    var openDescriptors = 0
    /// Nil: no limit.
    var maxDescriptors: Int?
    /// Seconds since 1970.
    var startTime = 0.0

    static func read() -> ProcessFigures {
        var figures = ProcessFigures()
        let ticks = Double(sysconf(CInt(_SC_CLK_TCK)))
        let stat = (try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8)) ?? ""
        let system = (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)) ?? ""
        figures.readStat(stat, bootTime: self.bootTime(system), ticksPerSecond: ticks, pageSize: Int(getpagesize()))
        figures.openDescriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
        let limits = (try? String(contentsOfFile: "/proc/self/limits", encoding: .utf8)) ?? ""
        figures.maxDescriptors = self.maxDescriptors(limits)
        return figures
    }

    /// Reads `/proc/self/stat`, proc(5).
    ///
    /// The name in parentheses may contain anything, so fields count from behind it.
    mutating func readStat(_ text: String, bootTime: Double, ticksPerSecond: Double, pageSize: Int) {
        guard let end = text.lastIndex(of: ")"), ticksPerSecond > 0 else { return }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 21, let user = Double(fields[11]), let system = Double(fields[12]),
            let start = Double(fields[19]), let virtual = Int(fields[20]),
            let resident = Int(fields[21].trimmingCharacters(in: .whitespacesAndNewlines))
        else { return }
        self.cpuSeconds = (user + system) / ticksPerSecond
        self.startTime = bootTime + start / ticksPerSecond
        self.virtualBytes = virtual
        self.residentBytes = resident.multipliedReportingOverflow(by: pageSize).partialValue
    }

    /// The `btime` of `/proc/stat`.
    static func bootTime(_ text: String) -> Double {
        let line = text.split(separator: "\n").first { $0.hasPrefix("btime ") }
        return line.flatMap { Double($0.dropFirst("btime ".count)) } ?? 0
    }

    /// The soft limit in `/proc/self/limits`.
    static func maxDescriptors(_ text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        return line?.dropFirst("Max open files".count).split(separator: " ").first.flatMap { Int($0) }
    }

    func write(into text: inout MetricsText) {
        text.single(
            "process_cpu_seconds_total", .counter, "Total user and system CPU time spent in seconds.", self.cpuSeconds)
        text.single("process_open_fds", .gauge, "Number of open file descriptors.", self.openDescriptors)
        text.single(
            "process_max_fds", .gauge, "Maximum number of open file descriptors.",
            self.maxDescriptors.map(Double.init) ?? .infinity)
        text.single("process_virtual_memory_bytes", .gauge, "Virtual memory size in bytes.", self.virtualBytes)
        text.single("process_resident_memory_bytes", .gauge, "Resident memory size in bytes.", self.residentBytes)
        text.single(
            "process_start_time_seconds", .gauge, "Start time of the process since unix epoch in seconds.",
            self.startTime)
    }
}

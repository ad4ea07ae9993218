import Foundation

/// What a process has used so far, as the kernel accounts for it.
package struct ProcessUsage: Sendable {
    /// Time on a processor of all its threads, in nanoseconds.
    package var cpu: UInt64
    /// The part of it outside the kernel, as a share from 0 to 1; in steps of 10 ms of CPU.
    package var userShare: Double
    package var residentBytes: UInt64

    package init?(process: Int32) {
        guard let stat = Self.read("/proc/\(process)/stat"), let name = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[stat.index(after: name)...].split(separator: " ")
        guard fields.count > 21, let user = UInt64(fields[11]), let system = UInt64(fields[12]),
            let pages = UInt64(fields[21])
        else { return nil }
        let ticks = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        self.ticks = (user, system)
        self.residentBytes = pages * UInt64(max(1, sysconf(Int32(_SC_PAGESIZE))))
        self.cpu = Self.scheduled(process) ?? (user + system) * (1_000_000_000 / ticks)
        self.userShare = user + system == 0 ? 0 : Double(user) / Double(user + system)
    }

    private var ticks: (user: UInt64, system: UInt64)

    /// Finer than the ticks of `stat`: the time that the scheduler gave to each thread.
    private static func scheduled(_ process: Int32) -> UInt64? {
        guard let threads = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task") else {
            return nil
        }
        var sum: UInt64 = 0
        for thread in threads {
            guard let line = Self.read("/proc/\(process)/task/\(thread)/schedstat"),
                let time = line.split(separator: " ").first.flatMap({ UInt64($0) })
            else { continue }
            sum += time
        }
        return sum == 0 ? nil : sum
    }

    private static func read(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// What was used between an earlier look and this one; memory is that of now.
    package func since(_ earlier: ProcessUsage) -> ProcessUsage {
        var difference = self
        difference.cpu = self.cpu >= earlier.cpu ? self.cpu - earlier.cpu : 0
        let user = Double(self.ticks.user) - Double(earlier.ticks.user)
        let all = user + Double(self.ticks.system) - Double(earlier.ticks.system)
        difference.userShare = all <= 0 ? 0 : user / all
        return difference
    }
}

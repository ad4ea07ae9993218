import Configuration
import Foundation

/// How much memory the process may have: what the machine has, or its control group allows.
enum MemoryLimit {
    /// The budget in bytes.
    static func bytes(_ budget: MemoryBudget) -> Int {
        switch budget {
        case .bytes(let bytes): bytes
        case .percent(let percent): self.available() / 100 * percent
        }
    }

    /// Bytes.
    static func available() -> Int {
        let machine = self.machine((try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? "") ?? .max
        let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        return self.limitFiles(groups).reduce(machine) { limit, path in
            let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
            return min(limit, self.groupLimit(text) ?? .max)
        }
    }

    /// `MemTotal` of `/proc/meminfo`.
    static func machine(_ text: String) -> Int? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        guard let line, let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            return nil
        }
        let (bytes, overflow) = kibibytes.multipliedReportingOverflow(by: 1_024)
        return overflow ? nil : bytes
    }

    /// The content of `memory.max` (version 2) or `memory.limit_in_bytes` (version 1); `nil`: no limit.
    static func groupLimit(_ text: String) -> Int? {
        // "max", and version 1's number close to 2^63, mean none.
        Int(text.trimmingCharacters(in: .whitespacesAndNewlines)).flatMap { $0 > 0 && $0 < 1 << 62 ? $0 : nil }
    }

    /// The files that may limit a process of these groups (`/proc/self/cgroup`): its own group's, and those above it.
    static func limitFiles(_ groups: String) -> [String] {
        var files: [String] = []
        for line in groups.split(separator: "\n") {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { continue }
            let isUnified = fields[1].isEmpty
            guard isUnified || fields[1].split(separator: ",").contains("memory") else { continue }
            let root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
            let name = isUnified ? "memory.max" : "memory.limit_in_bytes"
            // Within a container the path may be that of the host: the root is the container's own group then.
            var path = fields[2].split(separator: "/")
            while true {
                files.append(([root] + path.map(String.init) + [name]).joined(separator: "/"))
                if path.isEmpty { break }
                path.removeLast()
            }
        }
        return files
    }
}

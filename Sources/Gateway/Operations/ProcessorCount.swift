import Foundation
import NIOCore

/// How many processors this process may use.
enum ProcessorCount {
    /// What control groups and the affinity mask (`taskset`) allow, at least 1.
    static var available: Int {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let field = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        let allowed = field.flatMap { self.count(inList: $0.dropFirst("Cpus_allowed_list:".count)) }
        return max(1, min(System.coreCount, allowed ?? .max))
    }

    /// The members of a list such as `0-3,8`; `nil` when it is not one.
    static func count(inList list: some StringProtocol) -> Int? {
        var count = 0
        for part in list.split(separator: ",") {
            let ends = part.split(separator: "-").map { Int($0.trimmingCharacters(in: .whitespaces)) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, last >= first else { return nil }
            count += last - first + 1
        }
        return count == 0 ? nil : count
    }
}

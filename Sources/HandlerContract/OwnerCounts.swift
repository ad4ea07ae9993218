/// How many jobs each owner has waiting, and who is paused because of it.
struct OwnerCounts: Sendable {
    private struct Entry {
        var count = 0
        var isPaused = false
    }

    private let pauseAt: Int
    private let resumeAt: Int
    private var entries: [UInt64: Entry] = [:]

    init(pauseAt: Int = 64, resumeAt: Int = 32) {
        self.pauseAt = pauseAt
        self.resumeAt = resumeAt
    }

    /// Jobs of all owners.
    var total: Int { entries.values.reduce(0) { $0 + $1.count } }

    func isPaused(_ owner: UInt64) -> Bool { entries[owner]?.isPaused ?? false }

    mutating func add(_ owner: UInt64) {
        var entry = entries[owner] ?? Entry()
        entry.count += 1
        if entry.count >= pauseAt { entry.isPaused = true }
        entries[owner] = entry
    }

    /// True when this ends the owner's pause.
    mutating func remove(_ owner: UInt64) -> Bool {
        guard var entry = entries[owner] else { return false }
        entry.count -= 1
        let resumes = entry.isPaused && entry.count <= resumeAt
        if resumes { entry.isPaused = false }
        entries[owner] = entry.count > 0 ? entry : nil
        return resumes
    }
}

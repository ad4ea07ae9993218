/// How much of a namespace's log is kept, and how much of it one recovery may take.
package struct HistoryLimits: Hashable, Sendable {
    /// The most entries.
    package var maxEntries: Int
    /// The most bytes, those of attachments and a share for bookkeeping included.
    package var maxBytes: Int
    /// The age at which an entry goes, whether there is room or not.
    package var maxAge: Duration
    /// The most events of one replay.
    package var maxReplay: Int
    /// The most bytes of one replay: it must fit into what may wait for one client (`limits.outputHard`).
    package var maxReplayBytes: Int

    package init(maxEntries: Int, maxBytes: Int, maxAge: Duration, maxReplay: Int, maxReplayBytes: Int) {
        self.maxEntries = maxEntries
        self.maxBytes = maxBytes
        self.maxAge = maxAge
        self.maxReplay = maxReplay
        self.maxReplayBytes = maxReplayBytes
    }
}

import Glibc

/// What follows when a connection could not be accepted.
///
/// Decides, never acts. One instance for each socket that is listened on.
struct AcceptTrouble: Sendable {
    enum Verdict: Hashable, Sendable {
        /// That was about one connection, which is gone: the next one may be well.
        case goOn
        /// Nothing is accepted for a moment, because trying again at once would fail again.
        case pause
        /// The same, for want of descriptors or memory: another node should get the clients meanwhile.
        case pauseUnready
    }

    /// So many failures without a connection between them are not about connections any more.
    ///
    /// Whoever makes connections fail cannot hold up others with fewer.
    static let patience = 16

    private var inARow = 0
    /// Lines about pauses: one now and then, however long it lasts.
    var lines = FailureLog()

    mutating func failed(_ code: CInt) -> Verdict {
        switch code {
        case EMFILE, ENFILE, ENOBUFS, ENOMEM:
            return .pauseUnready
        default:
            self.inARow = min(self.inARow + 1, Self.patience)
            return self.inARow >= Self.patience ? .pause : .goOn
        }
    }

    /// A connection was accepted.
    mutating func accepted() {
        if self.inARow > 0 { self.inARow = 0 }
    }
}

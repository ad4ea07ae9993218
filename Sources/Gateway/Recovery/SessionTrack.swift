import Bus

/// What a connected socket notes so that its client can come back to it.
///
/// On the socket's loop. A delivery costs one store, here or, by a lane, in ``BroadcastLanes``.
final class SessionTrack {
    let pid: SessionID
    /// How long the client may be away.
    let window: Duration
    /// See ``Bus/SessionRecord``.
    let since: UInt64
    /// As far as it went by the session; see ``LocalNamespace/lastSent(to:)``.
    var sent: UInt64
    var stays: RoomStays
    /// The client is gone and may come back: what is still decided for the socket goes by way of the log.
    var isAway = false

    init(pid: SessionID, window: Duration, since: UInt64) {
        self.pid = pid
        self.window = window
        self.since = since
        self.sent = since
        self.stays = RoomStays()
    }

    /// The session of that record goes on.
    init(pid: SessionID, window: Duration, record: SessionRecord) {
        self.pid = pid
        self.window = window
        self.since = record.since
        self.sent = record.sent
        self.stays = record.stays
    }
}

/// Lets a client in whose session goes on.
///
/// Called by the shard that it comes to, when that has applied everything that the log had for it.
struct RecoveredEntry: Sendable {
    let admit: @Sendable () -> Void
}

/// What a session goes on with.
struct Resumption {
    var session: AbsentSession
    var recovery: Recovery<Broadcast>
}

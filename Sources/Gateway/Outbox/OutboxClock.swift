/// The time of day as it was when the process started, and the time that has passed since.
///
/// Ages and retry times are counted by it: a clock that is set while the process runs changes none of them.
struct OutboxClock: Sendable {
    private let wall = WallClock.milliseconds()
    private let start = ContinuousClock.now

    var milliseconds: Int64 { wall + Int64(start.duration(to: .now) / .milliseconds(1)) }
}

/// How far the gateway is on its way out.
enum DrainStage: UInt8, Comparable, Sendable {
    case serving
    /// Not ready any more, so that nobody new is sent here; whoever comes nevertheless is served.
    case announced
    /// No new clients; those that are here are closed one after the other.
    case closing
    /// Everybody has been closed; only after a drain that does not end the process.
    case drained
    /// The process is about to end.
    case stopping

    /// As the admin API and the log name it.
    var name: String {
        switch self {
        case .serving: "serving"
        case .announced: "announced"
        case .closing: "closing"
        case .drained: "drained"
        case .stopping: "stopping"
        }
    }

    static func < (left: DrainStage, right: DrainStage) -> Bool { left.rawValue < right.rawValue }
}

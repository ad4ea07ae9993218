import Outbox

/// What the metrics and the admin API tell about the outbox.
struct OutboxFigures: Sendable {
    struct DeathKey: Hashable, Sendable {
        var handler: String
        var reason: String
    }

    /// Undelivered events by handler.
    var pending: [String: Int] = [:]
    var dead = 0
    /// Those of the undelivered that are in memory.
    var loaded = 0
    /// When the oldest undelivered event was accepted, in milliseconds since 1970.
    var oldest: Int64?
    /// Of the file.
    var bytes = 0
    var appended: UInt64 = 0
    var commits: UInt64 = 0
    var refusedBusy: UInt64 = 0
    var refusedUnavailable: UInt64 = 0
    var deaths: [DeathKey: UInt64] = [:]

    var pendingTotal: Int { self.pending.values.reduce(0, +) }

    /// Age of the oldest undelivered event; 0 when there is none.
    func oldestSeconds(now: Int64) -> Double {
        // The look into the file may be a second old.
        guard let oldest = self.oldest, self.pendingTotal > 0 else { return 0 }
        return Double(max(0, now - oldest)) / 1_000
    }

    mutating func refuse(_ refusal: OutboxService.Appended) {
        switch refusal {
        case .busy: refusedBusy += 1
        case .unavailable: refusedUnavailable += 1
        case .stored: break
        }
    }
}

/// Gets the sends of one loop to the kernel: all of a turn with one call where it offers a ``SendRing``, each with its own
/// otherwise.
///
/// For everybody else there is no difference but the cost.
struct SocketSender {
    /// A single send costs one call either way; from two on the ring is cheaper.
    static let fewest = 2
    /// Most sends at once.
    static let capacity = SendRing.capacity

    private var ring: SendRing?
    /// Why each send has its own call; `nil` while there is a ring.
    private(set) var refusal: SendRing.Refusal?
    private let report: (SendRing.Refusal) -> Void

    /// Called on the thread that will send; `report` is told when there is no ring, now or later.
    init(report: @escaping (SendRing.Refusal) -> Void) {
        self.report = report
        do throws(SendRing.Refusal) {
            self.ring = try SendRing()
        } catch {
            self.refused(error)
        }
    }

    /// Without a ring from the start.
    init(refusal: SendRing.Refusal) {
        self.report = { _ in }
        self.refusal = refusal
    }

    /// Makes all of these sends, at most ``capacity``: each has an outcome afterwards.
    ///
    /// Never waits for a peer. Nothing refers to the bytes any more.
    mutating func send(_ sends: inout ContiguousArray<SocketSend>) {
        if sends.count >= Self.fewest, let ring = self.ring {
            do throws(SendRing.Refusal) {
                try ring.send(&sends)
            } catch {
                self.ring = nil
                self.refused(error)
            }
        }
        for index in sends.indices where sends[index].outcome == nil { sends[index].make() }
    }

    private mutating func refused(_ refusal: SendRing.Refusal) {
        self.refusal = refusal
        self.report(refusal)
    }
}

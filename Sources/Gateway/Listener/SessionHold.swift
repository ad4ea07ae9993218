import ClientAddress
import Synchronization

/// A session's place among those of its client's address.
///
/// Given back by ``release()``, or at the latest when nobody knows of the session any more.
final class SessionHold: Sendable {
    private let admission: Admission
    private let permit: Mutex<Admission.SessionPermit>

    init(_ admission: Admission, _ permit: Admission.SessionPermit) {
        self.admission = admission
        self.permit = Mutex(permit)
    }

    deinit { self.release() }

    /// The client is in a namespace.
    func settle() { self.permit.withLock { self.admission.settle(&$0, now: .now) } }

    /// The session is over.
    func release() { self.permit.withLock { self.admission.release(&$0, now: .now) } }
}

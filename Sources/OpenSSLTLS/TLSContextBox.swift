import Synchronization

/// The context for new connections, which a reload replaces while others are being accepted.
package final class TLSContextBox: Sendable {
    private let context: Mutex<TLSContext>

    package init(_ context: TLSContext) {
        self.context = Mutex(context)
    }

    /// What a connection accepted now begins with, and keeps.
    package var current: TLSContext { self.context.withLock { $0 } }

    /// Reads the files again.
    ///
    /// When they do not make a context, the old one stays and the error says why.
    @discardableResult
    package func reload(_ options: TLSContext.Options, now: Int64) throws(TLSContextError) -> TLSContext {
        let fresh = try TLSContext(options, now: now)
        self.context.withLock { $0 = fresh }
        return fresh
    }
}

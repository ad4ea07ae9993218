/// Carries publications between nodes.
///
/// `memory` has one node; others go through a broker.
///
/// What every engine promises, and the tests of every engine check:
/// - a publication is delivered once to each subscriber of its namespace on each node, the publishing node included,
/// unless its target is `local`: then on the publishing node only;
/// - all subscribers see the publications of a namespace in the same order, that of their offsets;
/// - nothing is delivered after ``BusSubscription/cancel()`` has returned.
package protocol BusEngine: Sendable {
    /// Hands a publication to everyone who subscribed to its namespace and says its offset there.
    ///
    /// Throws when the engine cannot say whether it was delivered.
    @discardableResult
    func publish(_ publication: Publication) async throws(BusEngineError) -> UInt64

    /// Calls `deliver` for every publication in a namespace from now on, one at a time.
    ///
    /// `deliver` runs within the engine's critical section: it puts the publication into an inbox and returns. It
    /// must not publish, subscribe or cancel.
    func subscribe(
        to namespace: String, _ deliver: @escaping @Sendable (Publication, _ offset: UInt64) -> Void
    ) -> BusSubscription
}

/// Why a publication may not have got through.
package enum BusEngineError: Error, Hashable, Sendable {
    /// The broker cannot be reached now.
    case unavailable(String)
    /// The publication is larger than the broker takes.
    case tooLarge
}

/// The handle that ends a subscription.
package struct BusSubscription: Sendable {
    private let end: @Sendable () -> Void

    package init(_ end: @escaping @Sendable () -> Void) {
        self.end = end
    }

    /// Ends the subscription; again is harmless.
    package func cancel() {
        end()
    }
}

import Logging
import Synchronization

/// Something that has to be done between the last client and the end of the process.
struct ExitStep: Sendable {
    /// As the log names it.
    let name: String
    /// What it does not get done is lost: it is waited for until the hard stop, however long the disk takes.
    var isVital = false
    /// Has to return by the deadline; a step that does not is left behind, and the next one begins.
    let run: @Sendable (_ deadline: ContinuousClock.Instant) async throws -> Void

    /// Runs steps one after the other, all of them before the deadline, or before the hard stop when they are vital.
    ///
    /// Each leaves a quarter of the time to those after it. Returns the names of those that failed or were late.
    @discardableResult
    static func run(
        _ steps: [ExitStep], by deadline: ContinuousClock.Instant, hardStop: ContinuousClock.Instant, logger: Logger
    ) async -> [String] {
        var failed: [String] = []
        for (index, step) in steps.enumerated() {
            let left = ContinuousClock.now.duration(to: hardStop)
            let end = index == steps.endIndex - 1 ? hardStop : hardStop - left / 4
            switch await step.outcome(by: step.isVital ? end : min(deadline, end)) {
            case .done:
                continue
            case .late:
                logger.error("stopping: \(step.name) did not end in time (raise drain.hardStop)")
            case .failed(let error):
                logger.error("stopping: \(step.name) failed: \(error)")
            }
            failed.append(step.name)
        }
        return failed
    }

    private enum Outcome: Sendable {
        case done, late
        case failed(any Error)
    }

    /// Unstructured: a step that does not listen to its cancellation must not hold up the end.
    private func outcome(by deadline: ContinuousClock.Instant) async -> Outcome {
        let first = FirstOutcome()
        let work = Task {
            do {
                try await self.run(deadline)
                first.settle(.done)
            } catch {
                first.settle(.failed(error))
            }
        }
        let timer = Task {
            try? await Task.sleep(until: deadline, clock: .continuous)
            first.settle(.late)
        }
        let outcome = await first.value
        work.cancel()
        timer.cancel()
        return outcome
    }

    /// Keeps what comes first, and forgets what comes after it.
    private final class FirstOutcome: Sendable {
        private struct State {
            var outcome: Outcome?
            var waiter: CheckedContinuation<Outcome, Never>?
        }

        private let state = Mutex(State())

        func settle(_ outcome: Outcome) {
            let waiter = self.state.withLock { state in
                guard state.outcome == nil else { return nil as CheckedContinuation<Outcome, Never>? }
                state.outcome = outcome
                return state.waiter
            }
            waiter?.resume(returning: outcome)
        }

        var value: Outcome {
            get async {
                await withCheckedContinuation { continuation in
                    let outcome = self.state.withLock { state in
                        if state.outcome == nil { state.waiter = continuation }
                        return state.outcome
                    }
                    if let outcome { continuation.resume(returning: outcome) }
                }
            }
        }
    }
}

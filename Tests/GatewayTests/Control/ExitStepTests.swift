import Logging
import Synchronization
import Testing

@testable import Gateway

@Suite struct ExitStepTests {
    private struct Broken: Error {}

    private final class Order: Sendable {
        private let names = Mutex<[String]>([])
        func add(_ name: String) { self.names.withLock { $0.append(name) } }
        var all: [String] { self.names.withLock { $0 } }
    }

    private let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test func `steps run one after the other, and one that fails does not keep the others from running`() async {
        let order = Order()
        let steps = [
            ExitStep(name: "a") { _ in
                await Task.yield()
                order.add("a")
            },
            ExitStep(name: "b") { _ in
                order.add("b")
                throw Broken()
            },
            ExitStep(name: "c") { _ in order.add("c") },
        ]
        #expect(await ExitStep.run(steps, by: .now + .seconds(600), logger: self.silent) == ["b"])
        #expect(order.all == ["a", "b", "c"])
    }

    @Test func `a step that never returns is left behind at the deadline`() async {
        let order = Order()
        let steps = [
            // Does not even listen to its cancellation.
            ExitStep(name: "stuck") { _ in await withCheckedContinuation { Parked.keep($0) } },
            ExitStep(name: "next") { _ in order.add("next") },
        ]
        #expect(await ExitStep.run(steps, by: .now + .milliseconds(50), logger: self.silent).first == "stuck")
        Parked.release()
    }

    /// Holds a continuation until the test is over.
    private enum Parked {
        private static let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])
        static func keep(_ continuation: CheckedContinuation<Void, Never>) {
            self.waiting.withLock { $0.append(continuation) }
        }
        static func release() {
            for continuation in self.waiting.withLock({ $0 }) { continuation.resume() }
        }
    }

    @Test func `a step knows its deadline`() async {
        let deadline = ContinuousClock.now + .seconds(60)
        let box = Box()
        await ExitStep.run([ExitStep(name: "a") { box.set($0) }], by: deadline, logger: self.silent)
        #expect(box.value == deadline)
    }

    private final class Box: Sendable {
        private let state = Mutex<ContinuousClock.Instant?>(nil)
        func set(_ value: ContinuousClock.Instant) { self.state.withLock { $0 = value } }
        var value: ContinuousClock.Instant? { self.state.withLock { $0 } }
    }
}

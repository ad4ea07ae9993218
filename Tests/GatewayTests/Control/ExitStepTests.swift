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
        let end = ContinuousClock.now + .seconds(600)
        #expect(await ExitStep.run(steps, by: end, hardStop: end, logger: self.silent) == ["b"])
        #expect(order.all == ["a", "b", "c"])
    }

    @Test(arguments: [false, true])
    func `a step that never returns is left behind, and leaves time to those after it`(isVital: Bool) async {
        let order = Order()
        let parked = Parked()
        let steps = [
            // Does not even listen to its cancellation.
            ExitStep(name: "stuck", isVital: isVital) { _ in await withCheckedContinuation { parked.keep($0) } },
            ExitStep(name: "next", isVital: true) { _ in order.add("next") },
        ]
        let began = ContinuousClock.now
        let late = await ExitStep.run(
            steps, by: began + .milliseconds(50), hardStop: began + .seconds(4), logger: self.silent)
        #expect(late == ["stuck"])
        #expect(order.all == ["next"])
        #expect(began.duration(to: .now) >= (isVital ? .seconds(3) : .milliseconds(50)))
        parked.release()
    }

    /// Holds a continuation until the test is over.
    private final class Parked: Sendable {
        private let waiting = Mutex<[CheckedContinuation<Void, Never>]>([])

        func keep(_ continuation: CheckedContinuation<Void, Never>) {
            self.waiting.withLock { $0.append(continuation) }
        }

        func release() {
            for continuation in self.waiting.withLock({ $0 }) { continuation.resume() }
        }
    }

    @Test(arguments: [false, true])
    func `a step knows its deadline`(isVital: Bool) async {
        let deadline = ContinuousClock.now + .seconds(60)
        let hardStop = deadline + .seconds(60)
        let box = Box()
        let step = ExitStep(name: "a", isVital: isVital) { box.set($0) }
        await ExitStep.run([step], by: deadline, hardStop: hardStop, logger: self.silent)
        #expect(box.value == (isVital ? hardStop : deadline))
    }

    private final class Box: Sendable {
        private let state = Mutex<ContinuousClock.Instant?>(nil)
        func set(_ value: ContinuousClock.Instant) { self.state.withLock { $0 = value } }
        var value: ContinuousClock.Instant? { self.state.withLock { $0 } }
    }
}

import Synchronization

/// Keeps what happens in order, and lets a test wait until enough has happened.
final class Recorder<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var all: [Element] { state.withLock { $0.elements } }

    func append(_ element: Element) {
        let due = state.withLock { state in
            state.elements.append(element)
            let count = state.elements.count
            defer { state.waiters.removeAll { $0.count <= count } }
            return state.waiters.filter { $0.count <= count }
        }
        for waiter in due { waiter.continuation.resume() }
    }

    /// Everything so far, as soon as there are `count` of them.
    func reached(_ count: Int) async -> [Element] {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                guard state.elements.count < count else { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
        return all
    }
}

/// Holds whoever waits for it until it is opened.
final class Gate: Sendable {
    private let opened = Recorder<Void>()

    func open() { opened.append(()) }

    func wait() async { _ = await opened.reached(1) }
}

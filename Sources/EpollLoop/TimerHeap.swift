import HeapModule
import NIOCore

/// One task that waits for its time.
final class TimedTask: Comparable {
    let deadline: NIODeadline
    /// Those of one deadline run in the order in which they were made.
    let number: UInt64
    /// Called once: with `true` when the time has come, with `false` when it will not.
    ///
    /// `nil` after that, or when it was cancelled.
    private var body: ((Bool) -> Void)?

    init(deadline: NIODeadline, number: UInt64, body: @escaping (Bool) -> Void) {
        self.deadline = deadline
        self.number = number
        self.body = body
    }

    var isCancelled: Bool { self.body == nil }

    /// Returns what will not run: whoever lets go of it may set off something by that.
    func cancel() -> ((Bool) -> Void)? { self.body.take() }

    func run(inTime: Bool) {
        let body = self.body.take()
        body?(inTime)
    }

    static func < (one: TimedTask, other: TimedTask) -> Bool {
        one.deadline == other.deadline ? one.number < other.number : one.deadline < other.deadline
    }

    static func == (one: TimedTask, other: TimedTask) -> Bool { one === other }
}

/// The tasks of a loop that wait for their time.
///
/// A cancelled one stays until it comes up, or until there are more cancelled ones than others: then all of them go at once.
struct TimerHeap {
    /// Fewer are not worth the walk.
    static let few = 64

    private var heap = Heap<TimedTask>()
    private var number: UInt64 = 0
    private var cancelled = 0

    /// With those that were cancelled and are still kept.
    var count: Int { self.heap.count }

    mutating func add(_ deadline: NIODeadline, _ body: @escaping (Bool) -> Void) -> TimedTask {
        let task = TimedTask(deadline: deadline, number: self.number, body: body)
        self.number += 1
        self.heap.insert(task)
        return task
    }

    /// Returns what will not run, to be let go of when nothing of the heap is being changed.
    mutating func cancel(_ task: TimedTask) -> ((Bool) -> Void)? {
        guard let body = task.cancel() else { return nil }
        self.cancelled += 1
        if self.cancelled > Self.few, self.cancelled > self.heap.count / 2 {
            self.heap = Heap(self.heap.unordered.filter { !$0.isCancelled })
            self.cancelled = 0
        }
        return body
    }

    /// When the first is due.
    mutating func next() -> NIODeadline? {
        while let first = self.heap.min {
            guard first.isCancelled else { return first.deadline }
            self.heap.removeMin()
            self.cancelled -= 1
        }
        return nil
    }

    /// What a task made from now on is after: see ``popDue(_:before:)``.
    var mark: UInt64 { self.number }

    /// Takes out the first that is due at `now` and was made before `mark`.
    mutating func popDue(_ now: NIODeadline, before mark: UInt64) -> TimedTask? {
        guard let deadline = self.next(), deadline <= now, let first = self.heap.min, first.number < mark else {
            return nil
        }
        return self.heap.popMin()
    }

    /// Takes out all.
    mutating func removeAll() -> [TimedTask] {
        defer {
            self.heap = Heap()
            self.cancelled = 0
        }
        return self.heap.unordered.filter { !$0.isCancelled }
    }
}

import CEpoll

/// What epoll says about a descriptor (epoll_ctl(2)).
public struct Readiness: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Something can be read, or accepted; the end of input is something.
    public static let input = Readiness(rawValue: EPOLLIN.rawValue)
    /// The peer has ended its side, read or not.
    public static let inputEnd = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// Something can be written.
    public static let output = Readiness(rawValue: EPOLLOUT.rawValue)
    /// Both directions have ended; told whether or not it was asked for.
    public static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue)
    /// The descriptor is broken; told whether or not it was asked for.
    public static let error = Readiness(rawValue: EPOLLERR.rawValue)

    /// It has ended by itself.
    public static let end: Readiness = [.hangUp, .error]
}

/// What a loop watches a descriptor for.
///
/// A class with overridden methods and not a protocol: it is called for every read, and an existential call costs ten times
/// as much. Touched on its loop only.
open class Pollable {
    /// Which of its loop's slots it has, while it is watched.
    var place: SlotTable.Place?
    /// What it is watched for.
    public internal(set) var interest: Readiness = []
    /// -1 while it is not watched.
    public internal(set) var descriptor: CInt = -1

    public init() {}

    /// Something of what it is watched for can be done, or the descriptor has ended.
    ///
    /// Level-triggered: told again in the next cycle, for as long as it holds.
    open func ready(_ readiness: Readiness) {}

    /// The loop ends, and watches nothing any more after this.
    open func loopEnds() {}
}

/// Who is meant by an event of epoll.
///
/// A slot is used again when its owner has gone; an event that was on its way to that one then fits no more.
struct SlotTable {
    /// One use of a slot.
    struct Place: Hashable {
        fileprivate var index: UInt32
        fileprivate var generation: UInt32

        /// As it goes through the kernel and back.
        var token: UInt64 { UInt64(self.generation) << 32 | UInt64(self.index) }
    }

    private struct Slot {
        var owner: Pollable?
        var generation: UInt32 = 0
    }

    private var slots: ContiguousArray<Slot> = []
    private var free: ContiguousArray<UInt32> = []

    var owners: [Pollable] { self.slots.compactMap(\.owner) }

    mutating func add(_ owner: Pollable) -> Place {
        guard let index = self.free.popLast() else {
            self.slots.append(Slot(owner: owner))
            return Place(index: UInt32(self.slots.count - 1), generation: 0)
        }
        self.slots[Int(index)].owner = owner
        return Place(index: index, generation: self.slots[Int(index)].generation)
    }

    mutating func remove(_ place: Place) {
        guard self.slots[Int(place.index)].generation == place.generation else { return }
        self.slots[Int(place.index)] = Slot(owner: nil, generation: place.generation &+ 1)
        self.free.append(place.index)
    }

    /// `nil` when whoever the event is about has gone.
    subscript(token: UInt64) -> Pollable? {
        let index = Int(token & 0xFFFF_FFFF)
        guard index < self.slots.count, UInt64(self.slots[index].generation) == token >> 32 else { return nil }
        return self.slots[index].owner
    }
}

/// Finds numbers by names that are kept where the numbers lead to.
///
/// A dictionary would hold every name a second time, in 27 to 53 bytes an entry; here it is a part of the name's hash and
/// the number, in 11 to 21. Names are hashed with a seed of the process, so that no peer can choose some that collide.
/// Who asks lends a closure that tells the name of a number. Invariants: a bucket that is in use stands at the place of
/// its hash or behind it with no free one between them, and a quarter of all buckets is free.
struct NameIndex {
    private struct Bucket {
        static var free: Bucket { Bucket(hash: 0, number: .max) }

        var hash: UInt32
        var number: UInt32

        var isFree: Bool { number == .max }
    }

    /// Where a name stands until the next change.
    struct Position {
        fileprivate var bucket: Int
    }

    /// A power of two of them, or none.
    private var buckets: ContiguousArray<Bucket> = []
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    /// All numbers, in no particular order.
    var numbers: some Sequence<UInt32> {
        buckets.lazy.filter { !$0.isFree }.map(\.number)
    }

    private static func hash(_ name: ExactName) -> UInt32 { UInt32(truncatingIfNeeded: name.hashValue) }

    private func home(of hash: UInt32) -> Int { Int(hash) & (buckets.count - 1) }

    private func next(after bucket: Int) -> Int { (bucket + 1) & (buckets.count - 1) }

    func find(_ name: ExactName, nameOf: (UInt32) -> String) -> Position? {
        guard !buckets.isEmpty else { return nil }
        let hash = Self.hash(name)
        var bucket = home(of: hash)
        while !buckets[bucket].isFree {
            if buckets[bucket].hash == hash, ExactName(nameOf(buckets[bucket].number)) == name {
                return Position(bucket: bucket)
            }
            bucket = next(after: bucket)
        }
        return nil
    }

    subscript(position: Position) -> UInt32 {
        get { buckets[position.bucket].number }
        set {
            precondition(newValue != .max)
            buckets[position.bucket].number = newValue
        }
    }

    /// Adds a name that is not there yet.
    mutating func insert(_ number: UInt32, named name: ExactName) {
        precondition(number != .max)
        if (count + 1) * 4 > buckets.count * 3 { grow() }
        place(Bucket(hash: Self.hash(name), number: number))
        count += 1
    }

    private mutating func place(_ entry: Bucket) {
        var bucket = home(of: entry.hash)
        while !buckets[bucket].isFree { bucket = next(after: bucket) }
        buckets[bucket] = entry
    }

    private mutating func grow() {
        let old = buckets
        buckets = ContiguousArray(repeating: .free, count: max(4, old.count * 2))
        for entry in old where !entry.isFree { place(entry) }
    }

    /// Takes a name out; those behind it move up, so that no mark is left.
    mutating func remove(at position: Position) {
        var hole = position.bucket
        var bucket = next(after: hole)
        while !buckets[bucket].isFree {
            // As far from where it wants to be as the hole is, or farther: it may stand there as well.
            let mask = buckets.count - 1
            if (bucket &- home(of: buckets[bucket].hash)) & mask >= (bucket &- hole) & mask {
                buckets[hole] = buckets[bucket]
                hole = bucket
            }
            bucket = next(after: bucket)
        }
        buckets[hole] = .free
        count -= 1
    }

    /// Each number is found by its name, and the buckets are as they have to be.
    ///
    /// For tests: costs a walk over everything.
    func invariants(nameOf: (UInt32) -> String) -> Bool {
        guard numbers.reduce(0, { count, _ in count + 1 }) == count, count * 4 <= buckets.count * 3 else {
            return false
        }
        return numbers.allSatisfy { number in
            find(ExactName(nameOf(number)), nameOf: nameOf).map { self[$0] } == number
        }
    }
}

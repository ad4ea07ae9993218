/// "Did you mean": the known word that an unknown one was probably meant to be.
package enum Suggestion {
    /// Words longer than this are not mistyped, and comparing costs the product of the lengths.
    private static let maxLength = 64

    /// The word with the fewest edits between them, the first of several; nil when none is near.
    ///
    /// An edit inserts, removes or replaces a character, or swaps two neighbours. Near is a third of the longer word.
    package static func closest(to word: String, among known: some Sequence<String>) -> String? {
        let wanted = characters(of: word)
        guard wanted.count <= maxLength else { return nil }
        var best: (word: String, distance: Int)?
        for candidate in known {
            let other = characters(of: candidate)
            guard other.count <= maxLength else { continue }
            let limit = max(1, max(wanted.count, other.count) / 3)
            let distance = distance(wanted, other)
            guard distance <= limit, distance < best?.distance ?? .max else { continue }
            best = (candidate, distance)
        }
        return best?.word
    }

    /// What to put behind an error message: `; did you mean "timeout"?`, or nothing.
    package static func hint(for word: String, among known: some Sequence<String>) -> String {
        closest(to: word, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
    }

    /// Spelling differs more often in case and underscores than in letters, so these do not count.
    private static func characters(of word: String) -> [Character] {
        word.prefix(maxLength + 1).lowercased().filter { $0 != "_" && $0 != "-" }
    }

    private static func distance(_ a: [Character], _ b: [Character]) -> Int {
        var before: [Int] = []
        var previous = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    cost = min(cost, before[j - 1] + 1)
                }
                row.append(cost)
            }
            before = previous
            previous = row
        }
        return previous[b.count]
    }
}

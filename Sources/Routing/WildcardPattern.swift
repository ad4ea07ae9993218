/// A name in which `*` stands for any text, also none.
///
/// Compared byte by byte, in time linear in the name.
package struct WildcardPattern: Hashable, Sendable {
    package let text: String
    /// The pieces between the stars; one piece means no star.
    private let pieces: [Piece]

    package init(_ text: String) {
        self.text = text
        pieces = text.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map {
            Piece(Array($0))
        }
    }

    /// Has no star: matches its own text only.
    package var isExact: Bool { pieces.count == 1 }

    /// Matches everything.
    package var isAny: Bool { pieces.count > 1 && pieces.allSatisfy(\.bytes.isEmpty) }

    package func matches(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { matches(UnsafeRawBufferPointer($0)) }
    }

    /// The leftmost place of each piece leaves the most for the others, so nothing ever has to be tried again.
    package func matches(_ name: UnsafeRawBufferPointer) -> Bool {
        guard let first = pieces.first, let last = pieces.last, pieces.count > 1 else {
            return pieces.first.map { $0.bytes.elementsEqual(name) } ?? false
        }
        guard name.count >= first.bytes.count + last.bytes.count, name.starts(with: first.bytes) else { return false }
        let end = name.count - last.bytes.count
        guard name[end...].elementsEqual(last.bytes) else { return false }
        var position = first.bytes.count
        for piece in pieces.dropFirst().dropLast() {
            guard let after = piece.firstEnd(in: name, from: position, to: end) else { return false }
            position = after
        }
        return true
    }
}

extension WildcardPattern {
    /// A text to be found, with the table of Knuth, Morris and Pratt: how much of it still stands after a mismatch.
    private struct Piece: Hashable, Sendable {
        let bytes: [UInt8]
        private let borders: [Int]

        init(_ bytes: [UInt8]) {
            self.bytes = bytes
            var borders = [0]
            var length = 0
            for index in bytes.indices.dropFirst() {
                while length > 0, bytes[index] != bytes[length] { length = borders[length - 1] }
                if bytes[index] == bytes[length] { length += 1 }
                borders.append(length)
            }
            self.borders = borders
        }

        /// Behind its first occurrence within the range; nil when there is none.
        func firstEnd(in text: UnsafeRawBufferPointer, from start: Int, to end: Int) -> Int? {
            if bytes.isEmpty { return start }
            var matched = 0
            var position = start
            while position < end {
                while matched > 0, text[position] != bytes[matched] { matched = borders[matched - 1] }
                if text[position] == bytes[matched] { matched += 1 }
                position += 1
                if matched == bytes.count { return position }
            }
            return nil
        }
    }
}

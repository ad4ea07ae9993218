extension JSONScanner {
    /// All `{"_placeholder":true,"num":n}` objects, in order of appearance, with the range of each object.
    ///
    /// `bytes` is one validated value or several with commas between them. `number` is nil when `num` is missing or
    /// not a whole number ≥ 0 written in digits. As in JavaScript the last one of doubled members counts, a key may
    /// be written with escapes, and what lies inside a placeholder is not searched.
    package static func placeholders(
        in bytes: UnsafeRawBufferPointer
    ) -> [(range: Range<Int>, number: Int?)] {
        guard mayContainPlaceholder(bytes), let cursor = try? JSONCursor(bytes) else { return [] }
        var search = PlaceholderSearch(cursor: cursor)
        var at = cursor.skipWhitespace(0)
        while at < cursor.end {
            guard let after = try? cursor.value(at, depthLimit: .max, visitor: &search) else { break }
            let comma = cursor.skipWhitespace(after)
            guard comma < cursor.end, cursor.base[comma] == UInt8(ascii: ",") else { break }
            at = cursor.skipWhitespace(comma &+ 1)
        }
        return search.found
    }

    /// False when no key can be `_placeholder`: there is neither an underscore before a `p` nor an escape.
    private static func mayContainPlaceholder(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == UInt8(ascii: "\\") || (byte == UInt8(ascii: "p") && previous == UInt8(ascii: "_")) {
                return true
            }
            previous = byte
        }
        return false
    }
}

private struct PlaceholderSearch: JSONVisitor {
    private enum Member { case marker, number, other }

    private struct Frame {
        var start: Int
        var isMarked = false
        var number: Int?
    }

    let cursor: JSONCursor
    var found: [(range: Range<Int>, number: Int?)] = []
    private var frames: [Frame] = []
    private var member = Member.other

    init(cursor: JSONCursor) {
        self.cursor = cursor
    }

    mutating func begin(_ kind: JSONNode.Kind, at offset: Int) {
        note(isTrue: false, number: nil)
        frames.append(Frame(start: offset))
    }

    mutating func end(at offset: Int) {
        guard let frame = frames.popLast(), frame.isMarked else { return }
        while let last = found.last, last.range.lowerBound > frame.start { found.removeLast() }
        found.append((frame.start..<offset, frame.number))
    }

    mutating func key(_ range: Range<Int>, escaped: Bool) {
        let name = slice((range.lowerBound + 1)..<(range.upperBound - 1))
        if escaped {
            let decoded = JSONScanner.decodeString(name)
            member = decoded == "_placeholder" ? .marker : decoded == "num" ? .number : .other
        } else {
            member =
                name.elementsEqual("_placeholder".utf8) ? .marker : name.elementsEqual("num".utf8) ? .number : .other
        }
    }

    mutating func scalar(_ kind: JSONNode.Kind, _ range: Range<Int>, escaped: Bool) {
        // `true` is told from `false` by its length.
        note(
            isTrue: kind == .bool && range.count == 4,
            number: member == .number && kind == .number ? wholeNumber(slice(range)) : nil)
    }

    /// The value of the current member is known.
    private mutating func note(isTrue: Bool, number: Int?) {
        defer { member = .other }
        guard let last = frames.indices.last else { return }
        switch member {
        case .marker: frames[last].isMarked = isTrue
        case .number: frames[last].number = number
        case .other: break
        }
    }

    private func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: cursor.base + range.lowerBound, count: range.count)
    }

    private func wholeNumber(_ digits: UnsafeRawBufferPointer) -> Int? {
        // Nine digits always fit, and no message has that many attachments.
        guard digits.count <= 9 else { return nil }
        var number = 0
        for digit in digits {
            guard digit &- UInt8(ascii: "0") < 10 else { return nil }
            number = number * 10 + Int(digit - UInt8(ascii: "0"))
        }
        return number
    }
}

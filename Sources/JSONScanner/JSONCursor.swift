/// The grammar of RFC 8259 over raw bytes: positions in, positions out.
///
/// Every function takes an offset and returns the offset after what it recognised. Offsets never exceed `end`, so
/// the unchecked additions below cannot overflow. Valid only as long as the memory it was made for.
struct JSONCursor {
    let base: UnsafePointer<UInt8>
    let end: Int

    /// Fails on empty input, which is no JSON text and has no base address.
    init(_ bytes: UnsafeRawBufferPointer) throws(JSONError) {
        guard let address = bytes.baseAddress, bytes.count > 0 else { throw .unexpectedEnd(at: 0) }
        base = address.assumingMemoryBound(to: UInt8.self)
        end = bytes.count
    }

    /// The byte at `at`, or an error when the input ends there.
    @inline(__always)
    func byte(_ at: Int) throws(JSONError) -> UInt8 {
        guard at < end else { throw .unexpectedEnd(at: end) }
        return base[at]
    }

    @inline(__always)
    func skipWhitespace(_ start: Int) -> Int {
        var at = start
        while at < end {
            let byte = base[at]
            // One comparison tells nearly every byte that is not white space.
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { break }
            at &+= 1
        }
        return at
    }

    /// One value that starts at `start` or after white space there; returns the offset after it.
    ///
    /// Iterative: what is open is one bit per level (1 for an object), 64 levels to a word, deeper words set aside.
    @inline(__always)
    func value<Visitor: JSONVisitor>(
        _ start: Int, depthLimit: Int, visitor: inout Visitor
    ) throws(JSONError) -> Int {
        var at = start
        var depth = 0
        var open: UInt64 = 0
        var outer: [UInt64] = []

        while true {
            at = skipWhitespace(at)
            let first = try byte(at)
            switch first {
            case UInt8(ascii: "\""):
                let (after, escaped) = try string(at)
                visitor.scalar(.string, at..<after, escaped: escaped)
                at = after
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                guard depth < depthLimit else { throw .tooDeep(at: at) }
                let isObject = first == UInt8(ascii: "{")
                try visitor.begin(isObject ? .object : .array, at: at)
                at = skipWhitespace(at &+ 1)
                let next = try byte(at)
                guard next == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    if depth & 63 == 0, depth > 0 { outer.append(open) }
                    depth &+= 1
                    open = open << 1 | (isObject ? 1 : 0)
                    if isObject { at = try key(at, visitor: &visitor) }
                    continue
                }
                at &+= 1
                visitor.end(at: at)
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                let after = try number(at)
                visitor.scalar(.number, at..<after, escaped: false)
                at = after
            default:
                let (kind, after) = try literal(at)
                visitor.scalar(kind, at..<after, escaped: false)
                at = after
            }

            // A value has ended: close what ends with it, until a comma asks for another one.
            while true {
                guard depth > 0 else { return at }
                at = skipWhitespace(at)
                let next = try byte(at)
                let isObject = open & 1 == 1
                if next == UInt8(ascii: ",") {
                    at &+= 1
                    if isObject { at = try key(skipWhitespace(at), visitor: &visitor) }
                    break
                }
                guard next == (isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) else {
                    throw .unexpectedByte(at: at)
                }
                at &+= 1
                depth &-= 1
                open >>= 1
                if depth & 63 == 0, depth > 0 { open = outer.popLast() ?? 0 }
                visitor.end(at: at)
            }
        }
    }

    /// The name of a member and the colon after it.
    @inline(__always)
    private func key<Visitor: JSONVisitor>(_ start: Int, visitor: inout Visitor) throws(JSONError) -> Int {
        guard try byte(start) == UInt8(ascii: "\"") else { throw .unexpectedByte(at: start) }
        let (after, escaped) = try string(start)
        try visitor.key(start..<after, escaped: escaped)
        let colon = skipWhitespace(after)
        guard try byte(colon) == UInt8(ascii: ":") else { throw .unexpectedByte(at: colon) }
        return colon &+ 1
    }
}

extension JSONCursor {
    /// `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`, however large.
    @inline(__always)
    func number(_ start: Int) throws(JSONError) -> Int {
        var at = start
        if base[at] == UInt8(ascii: "-") { at &+= 1 }
        if at < end, base[at] == UInt8(ascii: "0") {
            at &+= 1
        } else {
            at = try digits(at, of: start)
        }
        if at < end, base[at] == UInt8(ascii: ".") { at = try digits(at &+ 1, of: start) }
        if at < end, base[at] | 0x20 == UInt8(ascii: "e") {
            at &+= 1
            if at < end, base[at] == UInt8(ascii: "+") || base[at] == UInt8(ascii: "-") { at &+= 1 }
            at = try digits(at, of: start)
        }
        return at
    }

    /// One digit or more.
    @inline(__always)
    private func digits(_ start: Int, of number: Int) throws(JSONError) -> Int {
        var at = start
        while at < end, base[at] &- UInt8(ascii: "0") < 10 { at &+= 1 }
        guard at > start else { throw at < end ? .invalidNumber(at: number) : .unexpectedEnd(at: end) }
        return at
    }

    /// `true`, `false` or `null`.
    @inline(__always)
    private func literal(_ start: Int) throws(JSONError) -> (JSONNode.Kind, Int) {
        switch base[start] {
        case UInt8(ascii: "t"): (.bool, try word("true", start))
        case UInt8(ascii: "f"): (.bool, try word("false", start))
        case UInt8(ascii: "n"): (.null, try word("null", start))
        default: throw .unexpectedByte(at: start)
        }
    }

    @inline(__always)
    private func word(_ word: StaticString, _ start: Int) throws(JSONError) -> Int {
        for index in 0..<word.utf8CodeUnitCount {
            guard try byte(start &+ index) == word.utf8Start[index] else { throw .unexpectedByte(at: start &+ index) }
        }
        return start &+ word.utf8CodeUnitCount
    }
}

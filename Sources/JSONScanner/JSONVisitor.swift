/// Is told what the grammar recognises, in order.
///
/// Ranges of strings and keys include their quotes.
protocol JSONVisitor {
    /// An array or an object opens at this offset.
    mutating func begin(_ kind: JSONNode.Kind, at offset: Int) throws(JSONError)
    /// The innermost open array or object ends before this offset.
    mutating func end(at offset: Int)
    mutating func key(_ range: Range<Int>, escaped: Bool) throws(JSONError)
    mutating func scalar(_ kind: JSONNode.Kind, _ range: Range<Int>, escaped: Bool)
}

/// Looks at nothing: validation only, and free once specialised.
struct IgnoringVisitor: JSONVisitor {
    @inline(__always) mutating func begin(_ kind: JSONNode.Kind, at offset: Int) {}
    @inline(__always) mutating func end(at offset: Int) {}
    @inline(__always) mutating func key(_ range: Range<Int>, escaped: Bool) {}
    @inline(__always) mutating func scalar(_ kind: JSONNode.Kind, _ range: Range<Int>, escaped: Bool) {}
}

/// `["name",arg,arg…]` seen as slices: which bytes are the name and which are the arguments.
///
/// Ranges index into the bytes that were scanned, so a value is only meaningful together with them.
package struct EventArray: Hashable, Sendable {
    /// What the first element is.
    package enum Name: Hashable, Sendable {
        /// The bytes between the quotes; `escaped` when they contain at least one backslash.
        case string(Range<Int>, escaped: Bool)
        case number(Range<Int>)
        /// A value that is neither a string nor a number: no event can be called that.
        case other
        /// The array is empty.
        case missing
    }

    package var name: Name
    /// From after the first comma up to before the closing bracket; empty when there are no arguments.
    package var arguments: Range<Int>
    /// How many values ``arguments`` holds.
    package var argumentCount: Int

    package init(name: Name, arguments: Range<Int>, argumentCount: Int) {
        self.name = name
        self.arguments = arguments
        self.argumentCount = argumentCount
    }
}

/// Where a value was written, so that an error can say so.
enum Place: Hashable, Sendable {
    /// Byte offset in the file.
    case file(offset: Int)
    /// The name of the variable.
    case environment(String)
    /// The left side of `--set a.b=c`.
    case override(String)
    /// A default of the table.
    case builtIn
}

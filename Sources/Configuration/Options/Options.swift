/// The table of options, and everything that is derived from it.
package enum Options {
    /// Every option, in the order of the documents.
    package static let all: [Option] = deployment + endpoints + handlers + routes + operations

    /// The table as a tree that mirrors the document.
    static let root: OptionNode = OptionNode(rows: all)

    /// The keys of a path without the marks of lists and maps: `endpoints[].namespaces[].max` has three.
    static func keys(of path: String) -> [String] {
        path.split(separator: ".").filter { $0 != "*" }.map { $0.hasSuffix("[]") ? String($0.dropLast(2)) : String($0) }
    }
}

/// An option and the options inside it.
struct OptionNode: Sendable {
    let option: Option
    private(set) var children: [OptionNode] = []

    private init(option: Option) { self.option = option }

    init(rows: [Option]) {
        self.init(option: Option("", .section, "{}", "The document."))
        for row in rows { insert(row, keys: Options.keys(of: row.path)[...]) }
    }

    subscript(_ key: String) -> OptionNode? {
        children.first { $0.option.key == key }
    }

    /// The children that an object of this variant has; nil: all of them.
    func children(of variant: String?) -> [OptionNode] {
        guard let variant else { return children }
        return children.filter { $0.option.variants.isEmpty || $0.option.variants.contains(variant) }
    }

    private mutating func insert(_ row: Option, keys: ArraySlice<String>) {
        guard keys.count > 1 else { return children.append(OptionNode(option: row)) }
        guard let index = children.firstIndex(where: { $0.option.key == keys.first }) else {
            preconditionFailure("the table of options names \(row.path) before the object that holds it")
        }
        children[index].insert(row, keys: keys.dropFirst())
    }
}

/// A name that is the same as another only when its UTF-8 bytes are.
///
/// Swift's own comparison takes `é` and `e` + accent for one string. Peers, brokers and other nodes do not, and who may
/// be in a room or is which user must not depend on it.
package struct ExactName: Hashable, Sendable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: ExactName, right: ExactName) -> Bool {
        var left = left.text
        var right = right.text
        return left.withUTF8 { left in right.withUTF8 { left.elementsEqual($0) } }
    }

    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}

extension String {
    /// The same bytes; see ``ExactName``.
    package func isExactly(_ other: String) -> Bool { ExactName(self) == ExactName(other) }
}

extension String? {
    /// The same bytes, or neither has any.
    package func isExactly(_ other: String?) -> Bool { self.map(ExactName.init) == other.map(ExactName.init) }
}

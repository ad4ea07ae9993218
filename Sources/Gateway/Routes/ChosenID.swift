import Bus
import Crypto

/// An id that a peer chose, in a form whose size the peer does not choose: the same as another only when its bytes are.
enum ChosenID: Hashable, Sendable {
    case short(ExactName)
    /// SHA-256: nobody finds a second id with the same one.
    case long(SHA256Digest)

    /// Bytes of an id that is kept as it is: more than a UUID or a ULID with a prefix takes.
    static let maxBytes = 64

    init(_ text: String) {
        var text = text
        if text.utf8.count <= Self.maxBytes {
            self = .short(ExactName(text))
        } else {
            self = .long(text.withUTF8 { SHA256.hash(data: UnsafeRawBufferPointer($0)) })
        }
    }
}

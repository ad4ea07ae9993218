/// A position in the order of a namespace, as clients keep it: `<epoch>.<sequence>`, opaque to them.
///
/// At most ``maxLength`` characters. It says nothing that is secret and needs no signature: whoever makes one up can only
/// claim to have seen what was not sent, which is refused.
package struct Offset: Hashable, Sendable {
    /// The most characters of its text: 10 + 1 + 13.
    package static let maxLength = 24

    package var epoch: Epoch
    package var sequence: UInt64

    package init(epoch: Epoch, sequence: UInt64) {
        self.epoch = epoch
        self.sequence = sequence
    }

    /// Reads exactly what ``text`` writes; anything else is nil.
    ///
    /// Looks at no more than ``maxLength`` characters, however many there are.
    package init?(_ text: some StringProtocol) {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            guard bytes.count < Offset.maxLength else { return nil }
            bytes.append(byte)
        }
        guard bytes.count > Epoch.length + 1, bytes[Epoch.length] == UInt8(ascii: "."),
            let epoch = Base36.value(of: bytes[..<Epoch.length]).flatMap(Epoch.init(rawValue:)),
            // One way to write a number: no zeros in front.
            bytes[Epoch.length + 1] != UInt8(ascii: "0") || bytes.count == Epoch.length + 2,
            let sequence = Base36.value(of: bytes[(Epoch.length + 1)...])
        else { return nil }
        self.init(epoch: epoch, sequence: sequence)
    }

    package var text: String {
        epoch.text + "." + Base36.text(of: sequence)
    }
}

/// One uninterrupted life of a namespace's log: positions of different epochs cannot be compared.
///
/// A new one is drawn when a namespace is opened. Only a checkpoint that was written at the end of an epoch and read
/// before anything was published continues it.
package struct Epoch: Hashable, Sendable {
    /// Every epoch is written with as many characters.
    package static let length = 10
    /// 36 to the power of ``length``: the chance that two are the same is negligible.
    static let count: UInt64 = 3_656_158_440_062_976

    package let rawValue: UInt64

    package init?(rawValue: UInt64) {
        guard rawValue < Epoch.count else { return nil }
        self.rawValue = rawValue
    }

    package init(using random: inout some RandomNumberGenerator) {
        rawValue = .random(in: 0..<Epoch.count, using: &random)
    }

    package var text: String {
        let digits = Base36.text(of: rawValue)
        return String(repeating: "0", count: Epoch.length - digits.utf8.count) + digits
    }
}

/// Whole numbers in digits `0…9a…z`: any 64-bit number has at most 13.
private enum Base36 {
    static func text(of value: UInt64) -> String {
        String(value, radix: 36)
    }

    /// Lower case only, and checked: what does not fit into 64 bits is nil.
    static func value(of digits: ArraySlice<UInt8>) -> UInt64? {
        guard !digits.isEmpty else { return nil }
        var value: UInt64 = 0
        for byte in digits {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = byte - UInt8(ascii: "a") + 10
            default: return nil
            }
            let (product, tooLarge) = value.multipliedReportingOverflow(by: 36)
            let (sum, over) = product.addingReportingOverflow(UInt64(digit))
            guard !tooLarge, !over else { return nil }
            value = sum
        }
        return value
    }
}

import Glibc

/// Why a benchmark cannot run, or a client cannot go on.
package struct LoadError: Error, CustomStringConvertible {
    /// What happened: few different texts, as clients that failed are counted by it.
    package let description: String
    /// What to do about it, where that can be known.
    package let advice: String?
    /// Set when it is the generator's own machine that does not let it go on.
    package let shortage: Shortage?

    package init(_ description: String, advice: String? = nil) {
        self.description = description
        self.advice = advice
        self.shortage = nil
    }

    /// Somebody wanted an end before there was anything to tell.
    package static let interrupted = LoadError("interrupted before anything was measured")

    /// The run as a whole lacks something.
    init(_ shortage: Shortage, _ facts: Shortage.Facts) {
        self.description = shortage.line(facts)
        self.advice = nil
        self.shortage = shortage
    }

    /// Clients that had been in went by this.
    static func allLost(_ reason: LoadError) -> LoadError {
        LoadError("every client was lost before the measuring: \(reason)", advice: reason.advice)
    }

    /// What a system call failed with.
    init(_ call: String, code: Int32) {
        self.description = "\(call): \(String(cString: strerror(code)))"
        self.advice = Self.advice(code)
        self.shortage = Shortage(code: code)
    }

    /// One line: what, why, and what to do.
    package var line: String {
        self.shortage != nil ? self.description : self.advice.map { "\(self.description) (\($0))" } ?? self.description
    }

    private static func advice(_ code: Int32) -> String? {
        switch code {
        case ECONNREFUSED: "does the server run, and on this port?"
        case ETIMEDOUT, EHOSTUNREACH, ENETUNREACH: "is the address right, and does a firewall let it through?"
        default: nil
        }
    }

    /// What a server says, as a part of one line on a terminal.
    static func quoted(_ text: String) -> String {
        let isShown = { (scalar: Unicode.Scalar) in scalar.value >= 0x20 && !(0x7F...0x9F).contains(scalar.value) }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(120).filter(isShown)))
    }
}

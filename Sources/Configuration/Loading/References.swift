/// Fills in `${env:NAME}` and `${file:PATH}`.
struct References: Sendable {
    /// Why a reference cannot be filled in; never contains a resolved value.
    struct Failure: Error, Hashable, Sendable {
        var message: String
    }

    /// Larger files are no secrets and no names.
    static let maxBytes = 1 << 20

    let environment: @Sendable (String) -> String?
    /// Absolute path to content; nil when it cannot be read.
    let readFile: @Sendable (String) -> [UInt8]?
    /// What relative paths in the file are relative to.
    let directory: String

    static func occur(in text: String) -> Bool {
        text.contains("${env:") || text.contains("${file:") || unknown(in: text) != nil
    }

    /// The text with every reference filled in.
    ///
    /// A file loses one line end at its end, as editors put it there.
    func resolve(_ text: String, place: Place) throws(Failure) -> String {
        var resolved = ""
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            resolved += rest[..<start.lowerBound]
            let after = rest[start.upperBound...]
            if let name = body(of: "env:", in: after) {
                resolved += try variable(try closed(name))
                rest = after[name.endIndex...].dropFirst()
            } else if let path = body(of: "file:", in: after) {
                resolved += try content(of: try closed(path), place: place)
                rest = after[path.endIndex...].dropFirst()
            } else {
                if let kind = Self.unknown(in: String(rest[start.lowerBound...])), after.hasPrefix(kind + ":") {
                    throw Failure(message: "unknown reference \"${\(kind):…}\"; use ${env:NAME} or ${file:PATH}")
                }
                resolved += "${"
                rest = after
            }
        }
        return resolved + rest
    }

    /// An absolute path: relative ones belong to the file that names them, or to the working directory.
    func absolute(_ path: String, place: Place) -> String {
        guard !path.hasPrefix("/") else { return path }
        switch place {
        case .environment, .override: return path
        case .file, .builtIn: return directory.hasSuffix("/") ? directory + path : directory + "/" + path
        }
    }

    /// What stands between the prefix and the closing brace, or the end when there is none.
    private func body(of prefix: String, in text: Substring) -> Substring? {
        guard text.hasPrefix(prefix) else { return nil }
        let body = text.dropFirst(prefix.count)
        return body.prefix { $0 != "}" }
    }

    private func closed(_ body: Substring) throws(Failure) -> String {
        guard body.endIndex < body.base.endIndex else {
            throw Failure(message: "a reference is not closed: \"}\" is missing")
        }
        guard !body.isEmpty else { throw Failure(message: "a reference names nothing") }
        return String(body)
    }

    private func variable(_ name: String) throws(Failure) -> String {
        guard let value = environment(name) else {
            throw Failure(message: "the environment variable \(name) is not set")
        }
        return value
    }

    private func content(of path: String, place: Place) throws(Failure) -> String {
        guard let bytes = readFile(absolute(path, place: place)) else {
            throw Failure(message: "the file \(path) cannot be read")
        }
        guard bytes.count <= Self.maxBytes else { throw Failure(message: "the file \(path) is larger than 1 MiB") }
        guard let text = String(validating: bytes, as: UTF8.self), !text.utf8.contains(0) else {
            throw Failure(message: "the file \(path) is not UTF-8 text")
        }
        if text.hasSuffix("\r\n") || text.hasSuffix("\n") { return String(text.dropLast()) }
        return text
    }

    /// The kind of the first `${kind:` that is neither `env` nor `file`.
    private static func unknown(in text: String) -> String? {
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            rest = rest[start.upperBound...]
            let kind = rest.prefix { $0.isASCII && $0.isLetter }
            if !kind.isEmpty, rest[kind.endIndex...].hasPrefix(":"), kind != "env", kind != "file" {
                return String(kind)
            }
        }
        return nil
    }
}

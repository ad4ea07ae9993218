#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif
internal import Foundation
internal import JSONScanner

/// Reads a configuration: defaults, then the file, then the environment, then overrides.
package enum ConfigurationLoader {
    /// The document that is used when no file is given.
    package static let embedded = """
        {
            "listeners": [{ "address": "127.0.0.1:8080" }],
            "endpoints": [{ "path": "/socket.io/", "protocol": "socket.io" }]
        }

        """

    /// What errors call ``embedded``.
    package static let embeddedName = "built-in"

    /// Larger documents are none of ours.
    package static let maxBytes = 8 << 20

    /// Nothing is read but the files that `${file:…}` names, through `readFile`.
    ///
    /// - Parameters:
    ///   - file: What errors call the document; nil: it is ``embedded``.
    ///   - directory: Absolute, of the file: what relative paths in it are relative to.
    ///   - environment: All of it; `GATEHOUSE_*` are options, others serve `${env:…}`.
    ///   - overrides: `a.b=c`, the last one wins.
    ///   - readFile: The content of an absolute path, nil when it cannot be read.
    package static func load(
        file: String?, bytes: [UInt8], directory: String, environment: [String: String], overrides: [String],
        readFile: @escaping @Sendable (String) -> [UInt8]? = {
            FileManager.default.contents(atPath: $0).map(Array.init)
        }
    ) -> Result<GatewayConfiguration, ConfigurationErrors> {
        let name = file ?? embeddedName
        let document: JSONDocument
        do throws(JSONError) {
            guard bytes.count <= maxBytes else { throw .tooLarge }
            document = try JSONDocument(bytes)
        } catch {
            var problems = Problems()
            problems.add(.file(offset: error.offset), "", error.reason)
            return .failure(problems.located(file: name, bytes: bytes))
        }
        guard document.root.kind == .object else {
            var problems = Problems()
            problems.add(.file(offset: document.root.range.lowerBound), "", "the document must be an object")
            return .failure(problems.located(file: name, bytes: bytes))
        }

        var overlay = Overlay(document: Setting(document.root))
        let variables = environment.keys.filter {
            $0.hasPrefix(Options.environmentPrefix) && !Options.foreignVariables.contains($0)
        }
        for variable in variables.sorted() { overlay.set(variable: variable, to: environment[variable] ?? "") }
        for override in overrides { overlay.set(override) }

        let references = References(
            environment: { environment[$0] ?? ($0 == "HOSTNAME" ? hostName() : nil) }, readFile: readFile,
            directory: directory)
        var check = TableCheck(references: references)
        check.problems = overlay.problems
        let section = check.document(overlay.document)
        var reader = ModelReader(document: section, problems: check.problems)
        let configuration = reader.read(shown: PrettyJSON.text(EffectivePrinter().setting(section)))
        guard reader.problems.isEmpty else { return .failure(reader.problems.located(file: name, bytes: bytes)) }
        return .success(configuration)
    }

    /// Shells know the host's name as `HOSTNAME` without exporting it, and services do not know it at all.
    private static func hostName() -> String? {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return nil }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }
}

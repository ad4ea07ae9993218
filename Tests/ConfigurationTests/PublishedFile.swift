import Foundation

/// A file of the repository's `Config` folder, where the tests run from the sources.
enum PublishedFile {
    static let directory = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Config")

    static func text(_ name: String) throws -> String {
        try String(contentsOf: directory.appending(path: name), encoding: .utf8)
    }

    /// The documents that people start from, by their path in the folder.
    static func examples() throws -> [String] {
        let inside = try FileManager.default.contentsOfDirectory(atPath: directory.appending(path: "examples").path())
        return ["gateway.json", "gateway.full.json"]
            + inside.filter { $0.hasSuffix(".json") }.sorted().map { "examples/\($0)" }
    }
}

import Configuration
import Foundation
import NIOCore
import NIOPosix

/// Serves the files of a directory: small pages beside an application, not a web server.
final class StaticEndpoint: Endpoint {
    /// A file is read whole.
    private static let maxFileBytes = 16 * 1_024 * 1_024

    private let directory: String

    init(_ options: GatewayConfiguration.Endpoint, shard: Shard) {
        self.directory = (options.directory as NSString).resolvingSymlinksInPath
        super.init(name: options.name, path: options.path, shard: shard)
    }

    override func handle(_ exchange: HTTPExchange) {
        let head = exchange.head
        guard head.method == .get || head.method == .head else {
            return exchange.respond(HTTPResponse(405, headers: [("allow", "GET, HEAD")]))
        }
        guard let file = self.file(for: head.path) else {
            return exchange.respond(HTTPResponse(404, text: "Not Found"))
        }
        let reply = exchange.reply
        let tag = head.headers.first("if-none-match")
        // Files block; the loop must not.
        NIOThreadPool.singleton.submit { _ in
            reply.respond(Self.read(file, matching: tag))
        }
    }

    /// The file of a path, which stays inside the directory whatever the path says.
    private func file(for path: String) -> String? {
        var relative = String(path.dropFirst(self.path.utf8.count))
        while relative.hasPrefix("/") { relative.removeFirst() }
        if relative.isEmpty || relative.hasSuffix("/") { relative += "index.html" }
        let parts = relative.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy {
            !$0.isEmpty && !$0.hasPrefix(".") && !$0.utf8.contains(0) && !$0.contains("\\")
        }
        guard isPlain else { return nil }
        let file = ((self.directory + "/" + relative) as NSString).resolvingSymlinksInPath
        return file.hasPrefix(self.directory + "/") ? file : nil
    }

    private static func read(_ file: String, matching tag: String?) -> HTTPResponse {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: file),
            attributes[.type] as? FileAttributeType == .typeRegular,
            let size = attributes[.size] as? Int, size <= Self.maxFileBytes,
            let modified = attributes[.modificationDate] as? Date
        else { return HTTPResponse(404, text: "Not Found") }
        let entityTag = "\"\(size)-\(Int(modified.timeIntervalSince1970 * 1_000))\""
        var headers = [
            (name: "etag", value: entityTag), ("cache-control", "no-cache"), ("x-content-type-options", "nosniff"),
        ]
        if tag == entityTag { return HTTPResponse(304, headers: headers) }
        guard let data = FileManager.default.contents(atPath: file) else { return HTTPResponse(404, text: "Not Found") }
        headers.append(("content-type", Self.contentType(of: file)))
        return HTTPResponse(200, headers: headers, body: ByteBuffer(bytes: data))
    }

    private static func contentType(of file: String) -> String {
        switch (file as NSString).pathExtension.lowercased() {
        case "html": "text/html; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "json", "map": "application/json"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "jpg", "jpeg": "image/jpeg"
        case "ico": "image/x-icon"
        case "webp": "image/webp"
        case "woff2": "font/woff2"
        case "txt": "text/plain; charset=utf-8"
        default: "application/octet-stream"
        }
    }
}

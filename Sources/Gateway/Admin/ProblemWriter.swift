import JSONScanner

/// Writes the body of an error (RFC 9457, "Problem Details for HTTP APIs").
enum ProblemWriter {
    /// `errors`: what is wrong in the request's JSON, each with its pointer.
    static func write(
        status: Int, title: String, detail: String, errors: [(pointer: String, detail: String)] = []
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("type", "about:blank")
        writer.member("title", title)
        writer.member("status", status)
        writer.member("detail", detail)
        if !errors.isEmpty {
            writer.key("errors")
            writer.beginArray()
            for error in errors {
                writer.beginObject()
                writer.member("pointer", error.pointer)
                writer.member("detail", error.detail)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.endObject()
        return writer.bytes
    }
}

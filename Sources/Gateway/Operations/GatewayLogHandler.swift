import Configuration
import Glibc
import HandlerContract
import JSONScanner
import Logging

/// Writes log lines to standard error: readable ones on a terminal, JSON elsewhere.
///
/// One line an entry, whatever is in it.
struct GatewayLogHandler: LogHandler {
    let label: String
    let settings: LogSettings
    private var ownLevel: Logger.Level?
    /// That of the configuration, unless this logger was given another one.
    var logLevel: Logger.Level {
        get { self.ownLevel ?? self.settings.level }
        set { self.ownLevel = newValue }
    }
    var metadata: Logger.Metadata = [:]

    init(label: String, settings: LogSettings) {
        self.label = label
        self.settings = settings
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = self.metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }
        let time = Self.timestamp()
        var line: [UInt8]
        switch self.settings.form {
        case .json:
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("time", time)
            writer.member("level", event.level.rawValue)
            writer.member("message", event.message.description)
            for (key, value) in metadata { writer.member(key, value.description) }
            writer.endObject()
            line = writer.bytes
        case .text:
            var text = "\(time) \(event.level.rawValue) \(event.message)"
            for (key, value) in metadata { text += " \(key)=\(value)" }
            // A message may quote what somebody sent: control characters must not start a line or move the cursor.
            line = text.unicodeScalars.flatMap { scalar in
                scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                    ? Array("\\u{\(String(scalar.value, radix: 16))}".utf8) : Array(String(scalar).utf8)
            }
        }
        line.append(UInt8(ascii: "\n"))
        // One call, so that lines of several threads do not mix.
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func timestamp() -> String {
        Timestamp(milliseconds: WallClock.milliseconds()).iso8601()
    }
}

import Configuration
import HandlerContract
import JSONScanner
import Logging

/// Writes log lines to standard error: readable ones on a terminal, JSON elsewhere.
///
/// One line an entry, whatever is in it.
struct GatewayLogHandler: LogHandler {
    let label: String
    let settings: LogSettings
    private let writer: LogWriter
    private var ownLevel: Logger.Level?
    /// That of the configuration, unless this logger was given another one.
    var logLevel: Logger.Level {
        get { self.ownLevel ?? self.settings.level }
        set { self.ownLevel = newValue }
    }
    var metadata: Logger.Metadata = [:]

    init(label: String, settings: LogSettings, writer: LogWriter) {
        self.label = label
        self.settings = settings
        self.writer = writer
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.metadata[key] }
        set { self.metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let metadata = self.metadata.merging(event.metadata ?? [:]) { $1 }
        self.writer.write(Self.line(event.level, event.message.description, metadata, self.settings.form))
    }

    /// A line with its end.
    static func line(
        _ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata, _ form: LogSettings.Form
    ) -> [UInt8] {
        let metadata = metadata.sorted { $0.key < $1.key }
        let time = Self.timestamp()
        var line: [UInt8]
        switch form {
        case .json:
            var writer = JSONWriter()
            writer.beginObject()
            writer.member("time", time)
            writer.member("level", level.rawValue)
            writer.member("message", message)
            for (key, value) in metadata { writer.member(key, value.description) }
            writer.endObject()
            // Only inside strings, where JSON has its own way to write them; below 0x20 it knows no other.
            line = Self.escaped(String(decoding: writer.bytes, as: UTF8.self)) {
                let digits = String($0.value, radix: 16)
                return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        case .text:
            var text = "\(time) \(level.rawValue) \(message)"
            for (key, value) in metadata { text += " \(key)=\(value)" }
            // A message may quote what somebody sent: control characters must not start a line or move the cursor.
            line = Self.escaped(text) { "\\u{\(String($0.value, radix: 16))}" }
        }
        line.append(UInt8(ascii: "\n"))
        return line
    }

    private static func escaped(_ text: String, _ escape: (Unicode.Scalar) -> String) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for scalar in text.unicodeScalars {
            if Self.isControl(scalar) {
                bytes += escape(scalar).utf8
            } else {
                bytes += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
            }
        }
        return bytes
    }

    /// Starts a line, moves the cursor, or makes what follows read in another order.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f...0x9f, 0x200e, 0x200f, 0x2028...0x202e, 0x2066...0x2069: true
        default: false
        }
    }

    private static func timestamp() -> String {
        Timestamp(milliseconds: WallClock.milliseconds()).iso8601()
    }
}

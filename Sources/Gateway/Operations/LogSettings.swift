import Configuration
import Glibc
import Logging
import Synchronization

/// How severe a line has to be, and how it looks: shared by all loggers, and changed by a reload.
final class LogSettings: Sendable {
    enum Form: Sendable { case text, json }

    /// The place in `Logger.Level.allCases`: read for every line that may be written, so not behind a lock.
    private let levelIndex: Atomic<Int>
    private let isText: Atomic<Bool>
    private let dropped = Atomic<UInt64>(0)

    init(_ options: GatewayConfiguration.Log) {
        self.levelIndex = Atomic(Self.index(of: options.level))
        self.isText = Atomic(Self.isText(options.format))
    }

    var level: Logger.Level { Logger.Level.allCases[self.levelIndex.load(ordering: .relaxed)] }
    var form: Form { self.isText.load(ordering: .relaxed) ? .text : .json }

    /// Lines that nobody will read, because their reader was too slow or has gone.
    var droppedLines: UInt64 { self.dropped.load(ordering: .relaxed) }

    func lineDropped() { self.dropped.wrappingAdd(1, ordering: .relaxed) }

    func change(_ options: GatewayConfiguration.Log) {
        self.levelIndex.store(Self.index(of: options.level), ordering: .relaxed)
        self.isText.store(Self.isText(options.format), ordering: .relaxed)
    }

    private static func index(of level: GatewayConfiguration.Log.Level) -> Int {
        Logger.Level.allCases.firstIndex { $0.rawValue == level.rawValue } ?? 0
    }

    private static func isText(_ format: GatewayConfiguration.Log.Format) -> Bool {
        switch format {
        case .text: true
        case .json: false
        case .auto: isatty(STDERR_FILENO) == 1
        }
    }
}

import Configuration
import Foundation
import HandlerContract
import Logging
import Outbox

/// Opens the outbox for those routes of a configuration that store their events.
struct OutboxAssembly {
    let service: OutboxService
    private let opened: OutboxFile.Opened
    private let maxBytes: Int
    private let logger: Logger

    /// Nil when no route stores events.
    ///
    /// Throws ``StartupError`` when the file cannot be used.
    init?(
        _ configuration: GatewayConfiguration, logger: Logger
    ) throws {
        let path = configuration.outbox.path
        guard configuration.storesEvents else {
            if FileManager.default.fileExists(atPath: path) {
                logger.notice("outbox: \(path) exists, but no route has the mode atLeastOnce: what is in it waits")
            }
            return nil
        }
        self.service = OutboxService(logger: logger)
        self.maxBytes = configuration.outbox.maxBytes
        self.logger = logger
        do throws(StoreError) {
            self.opened = try OutboxFile.open(path, now: service.now)
        } catch {
            throw StartupError("\(error)")
        }
        if let damage = self.opened.damage { self.report(damage, path) }
    }

    /// Begins to deliver.
    func start(_ core: GatewayCore) throws {
        let warnings = ThrottledLog(self.logger)
        do throws(StoreError) {
            self.service.adopt(core.generation, replacing: nil)
            try self.service.start(self.opened, maxBytes: self.maxBytes) { [unowned core] answer, stored in
                core.actions.apply(answer, to: stored, shards: core.shards) { problem in
                    let route = stored.event.route
                    warnings.warning(route, "route \(route): answer not applied: \(problem)")
                }
            }
        } catch {
            throw StartupError("\(error)")
        }
        let waiting = self.service.figures.withLock { $0.pending.values.reduce(0, +) }
        if waiting > 0 { self.logger.info("outbox: \(waiting) events wait for their handlers") }
    }

    private func report(_ damage: OutboxFile.Damage, _ path: String) {
        let count = damage.salvaged.map { "\($0) events with right checksums" } ?? "events with right checksums"
        let rest = damage.isIncomplete ? "; what was not right stays there" : ""
        self.logger.error(
            "outbox: \(path) was damaged (\(damage.reason)): moved to \(damage.quarantine), \(count) taken over\(rest)")
    }
}

extension GatewayConfiguration {
    /// Whether some route needs the outbox.
    var storesEvents: Bool { self.routes.contains { $0.mode == .atLeastOnce && $0.handler != nil } }
}

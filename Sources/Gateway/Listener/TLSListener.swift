import Configuration
import Glibc
import Logging
import OpenSSLTLS
import Synchronization

/// The TLS side of a listener: the context that new connections begin with, and how it is made anew from its files.
final class TLSListener: Sendable {
    private let name: String
    private let settings: GatewayConfiguration.TLS
    private let box: TLSContextBox
    /// When the files last changed, as far as has been looked.
    private let stamp: Mutex<[Int64]>

    /// Throws ``StartupError`` when the files make no context, or one that no client takes in the place of one that they do.
    ///
    /// - Parameter previous: the listener of that name until now.
    init(
        _ settings: GatewayConfiguration.TLS, listener name: String, after previous: TLSListener? = nil, logger: Logger
    ) throws {
        self.name = name
        self.settings = settings
        do {
            let now = WallClock.milliseconds() / 1_000
            let context = try TLSContext(try Self.options(settings), now: now)
            try Self.check(context, replacing: previous?.context, now: now)
            for warning in context.warnings { logger.warning("listener \(name): TLS: \(warning)") }
            self.box = TLSContextBox(context)
        } catch {
            throw StartupError("listener \(name): TLS: \(error)")
        }
        self.stamp = Mutex(Self.stamp(of: settings))
    }

    /// What a connection accepted now begins with, and keeps.
    var context: TLSContext { self.box.current }

    /// Seconds since 1970 at which the first of its certificates ends.
    var certificateExpiry: Int64 { self.box.current.certificateExpiry }

    /// Reads the files again if any of them has changed.
    func reloadIfChanged(logger: Logger) {
        let current = Self.stamp(of: self.settings)
        let hasChanged = self.stamp.withLock { stamp in
            defer { stamp = current }
            return stamp != current
        }
        if hasChanged { self.reload(logger: logger) }
    }

    /// Reads the files again.
    ///
    /// When they make no context the old one stays, and the log says why.
    func reload(logger: Logger) {
        do {
            let now = WallClock.milliseconds() / 1_000
            let options = try Self.options(self.settings)
            try Self.check(try TLSContext(options, now: now), replacing: self.context, now: now)
            let context = try self.box.reload(options, now: now)
            for warning in context.warnings { logger.warning("listener \(self.name): TLS: \(warning)") }
            logger.notice("listener \(self.name): certificates read again")
        } catch {
            logger.error("listener \(self.name): certificates not reloaded, the old ones stay in use: \(error)")
        }
    }

    /// A certificate that has ended does not replace one that has not; whoever has none but ended ones may go on with them.
    private static func check(_ context: TLSContext, replacing old: TLSContext?, now: Int64) throws(Refusal) {
        guard let old, old.certificateExpiry > now else { return }
        for warning in context.warnings {
            if case .expired = warning { throw Refusal(warning: warning) }
        }
    }

    /// A warning that is too much of one.
    private struct Refusal: Error, CustomStringConvertible {
        let warning: TLSWarning
        var description: String { "\(self.warning)" }
    }

    private static func options(_ settings: GatewayConfiguration.TLS) throws -> TLSContext.Options {
        var options = TLSContext.Options(files: .init(certificate: settings.certificate, key: settings.key))
        options.others = settings.certificates.map {
            .init(names: $0.names, files: .init(certificate: $0.certificate, key: $0.key))
        }
        options.minimumVersion = settings.minimumVersion == .v13 ? .tls13 : .tls12
        if let authorities = settings.clientCA {
            options.clientCertificates =
                settings.requiresClientCertificate
                ? .required(authorities: authorities) : .optional(authorities: authorities)
        }
        if let keys = settings.ticketKeys { options.ticketKeys = try TicketKeys(contentsOf: keys) }
        return options
    }

    /// Changes when one of the files does.
    private static func stamp(of settings: GatewayConfiguration.TLS) -> [Int64] {
        var paths = [settings.certificate, settings.key]
        for pair in settings.certificates { paths += [pair.certificate, pair.key] }
        paths += [settings.clientCA, settings.ticketKeys].compactMap { $0 }
        return paths.flatMap { path -> [Int64] in
            var info = stat()
            guard stat(path, &info) == 0 else { return [0, 0, 0] }
            return [
                Int64(info.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(info.st_mtim.tv_nsec), Int64(info.st_size),
                Int64(truncatingIfNeeded: info.st_ino),
            ]
        }
    }
}

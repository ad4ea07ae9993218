import Configuration
import Logging
import Synchronization

/// The sockets that are listened on, and how they follow the configuration.
///
/// A change has two halves: ``change(to:)`` binds what is new and leaves no trace when it fails, ``commit(_:)`` and
/// ``carryOut(_:)`` cannot fail. What is new accepts from the second half on; connections wait in the kernel until then.
struct ListenerSet: Sendable {
    /// What the configuration wants of one listener.
    struct Wanted: Sendable {
        var address: Address
        var context: ListenerContext
    }

    /// A listener that is bound.
    struct Bound: Sendable {
        let address: Address
        let socket: ListeningSocket
        /// What connections that are accepted from now on belong to.
        let context: ListenerContextBox
    }

    struct Change: Sendable {
        fileprivate var kept: [(bound: Bound, context: ListenerContext)] = []
        fileprivate var added: [Bound] = []
        fileprivate var removed: [Bound] = []
    }

    let core: GatewayCore
    let inherited: InheritedSockets
    private(set) var bound: [Bound] = []

    init(core: GatewayCore, inherited: InheritedSockets) {
        self.core = core
        self.inherited = inherited
    }

    /// Binds the listeners that are not there yet.
    ///
    /// A listener is the same as long as its address is. Throws ``StartupError``; then everything is as before.
    func change(to wanted: [Wanted]) async throws -> Change {
        var change = Change()
        var rest = self.bound
        for want in wanted {
            // Several may let the system choose their port: among those the name decides.
            let matches = rest.indices.filter { rest[$0].address == want.address }
            let index = matches.first { rest[$0].context.current.name == want.context.name } ?? matches.first
            if let index {
                change.kept.append((rest.remove(at: index), want.context))
                continue
            }
            do {
                let context = ListenerContextBox(want.context)
                let socket = try await ListenerBootstrap.bind(
                    want.address, core: self.core, context: context,
                    inherited: self.inherited.take(name: want.context.name, address: want.address))
                change.added.append(Bound(address: want.address, socket: socket, context: context))
            } catch {
                await self.abandon(change)
                throw error
            }
        }
        change.removed = rest
        return change
    }

    /// The change does not take place.
    func abandon(_ change: Change) async {
        for bound in change.added { await bound.socket.close() }
    }

    /// From now on the change holds; ``carryOut(_:)`` follows.
    mutating func commit(_ change: Change) {
        self.bound = change.kept.map(\.bound) + change.added
    }

    func carryOut(_ change: Change) async {
        for (bound, context) in change.kept { bound.context.current = context }
        for bound in change.added {
            await bound.socket.open()
            self.core.logger.info(
                "listening",
                metadata: [
                    "listener": "\(bound.context.current.name)", "address": "\(Self.describe(bound.socket))",
                ])
        }
        for bound in change.removed {
            await bound.socket.close()
            self.core.logger.info(
                "no longer listening",
                metadata: ["listener": "\(bound.context.current.name)", "address": "\(bound.address)"])
        }
    }

    /// The addresses of those for clients.
    var addresses: [String] {
        self.bound.filter { $0.context.current.audience == .clients }.map { Self.describe($0.socket) }
    }

    /// Takes those for an audience out of the set; the caller closes them.
    mutating func remove(_ audience: ListenerContext.Audience) -> [ListeningSocket] {
        defer { self.bound.removeAll { $0.context.current.audience == audience } }
        return self.bound.filter { $0.context.current.audience == audience }.map(\.socket)
    }

    private static func describe(_ socket: ListeningSocket) -> String { socket.localAddress.map { "\($0)" } ?? "?" }
}

/// Which listener new connections belong to: the same socket, described by another configuration after a reload.
final class ListenerContextBox: Sendable {
    private let context: Mutex<ListenerContext>

    init(_ context: ListenerContext) {
        self.context = Mutex(context)
    }

    var current: ListenerContext {
        get { self.context.withLock { $0 } }
        set { self.context.withLock { $0 = newValue } }
    }
}

extension ListenerSet.Wanted {
    /// Everything that a generation listens on, the operators' listener last.
    static func all(of generation: Generation, core: GatewayCore) -> [Self] {
        let configuration = generation.configuration
        var wanted = configuration.listeners.map { listener in
            Self(
                address: listener.address,
                context: ListenerContext(
                    name: listener.name, index: core.listenerIndex(listener.name), audience: .clients,
                    healthPath: listener.health, tls: generation.tlsListeners[listener.name],
                    trust: ProxyTrust(listener), proxyVersion: listener.proxyProtocol.version))
        }
        if let admin = configuration.admin {
            let name = GatewayCore.adminListener
            wanted.append(
                Self(
                    address: admin.address,
                    context: ListenerContext(
                        name: name, index: core.listenerIndex(name), audience: .operators, healthPath: nil)))
        }
        return wanted
    }
}

/// Which namespaces the client of one Engine.IO session is in, and what a packet for one of them means.
///
/// Decides, never acts. A namespace is known by its index, which stays the same from ``receiveConnect(namespace:)``
/// until it is disconnected or refused. A client is nearly always in one namespace, so the first one is stored in
/// place and costs no allocation when its name is short.
package struct NamespaceConnections {
    /// What to do about a CONNECT.
    package enum ConnectVerdict: Hashable, Sendable {
        /// Ask whoever decides, then call ``connectAccepted(_:)`` or ``connectRefused(_:)``.
        case proceed(Int)
        /// The client is in there already, or waits to be: close the connection.
        case duplicate
        /// Namespaces and failed attempts together have reached the limit: close the connection.
        case tooMany
    }

    /// What to do about a packet for a namespace.
    package enum PacketVerdict: Hashable, Sendable {
        case deliver(Int)
        /// The client was in there and has been put out or has left: what it sent meanwhile is nobody's any more.
        case ignore
        /// The client has never been let in: close the connection.
        case close
    }

    private enum State { case free, connecting, connected, left }

    private struct Entry {
        /// Empty for the root.
        ///
        /// Up to 15 bytes lie in the string itself.
        var name: String
        var state: State
    }

    /// Room for every namespace of a careful client, and little for a flood (as many errors, then the end).
    package static let defaultLimit = 32

    private let limit: Int
    private var first = Entry(name: "", state: .free)
    private var others: [Entry] = []
    private var refusals = 0
    /// False until a CONNECT has been accepted: such a session ends when its connect timeout has passed.
    package private(set) var hasEverConnected = false

    package init(limit: Int = defaultLimit) {
        self.limit = max(1, limit)
    }
}

// MARK: What the client sends

extension NamespaceConnections {
    package mutating func receiveConnect(namespace: UnsafeRawBufferPointer) -> ConnectVerdict {
        let known = index(of: namespace)
        if let known {
            switch state(known) {
            case .connecting, .connected: return .duplicate
            case .free, .left: break
            }
        }
        guard liveCount + refusals < limit else { return .tooMany }
        if let known {
            self[known].state = .connecting
            return .proceed(known)
        }
        let entry = Entry(name: String(decoding: namespace, as: UTF8.self), state: .connecting)
        if let free = indices.first(where: { state($0) == .free }) {
            self[free] = entry
            return .proceed(free)
        }
        if others.count + 1 < limit {
            others.append(entry)
            return .proceed(others.count)
        }
        // There are fewer live ones than entries, so one of them has been left.
        guard let left = indices.first(where: { state($0) == .left }) else { return .tooMany }
        self[left] = entry
        return .proceed(left)
    }

    /// An event or an ack.
    package func receivePacket(namespace: UnsafeRawBufferPointer) -> PacketVerdict {
        guard let index = index(of: namespace) else { return .close }
        switch state(index) {
        case .connected: return .deliver(index)
        case .left: return .ignore
        case .free, .connecting: return .close
        }
    }

    /// A DISCONNECT.
    ///
    /// After ``PacketVerdict/deliver(_:)`` the client is out.
    package mutating func receiveDisconnect(namespace: UnsafeRawBufferPointer) -> PacketVerdict {
        let verdict = receivePacket(namespace: namespace)
        if case .deliver(let index) = verdict { self[index].state = .left }
        return verdict
    }
}

// MARK: What has been decided

extension NamespaceConnections {
    /// The client is let in.
    ///
    /// False when it is no longer waiting, so that nothing may be sent.
    package mutating func connectAccepted(_ index: Int) -> Bool {
        guard indices.contains(index), state(index) == .connecting else { return false }
        self[index].state = .connected
        hasEverConnected = true
        return true
    }

    /// The client is not let in, or there is no such namespace.
    ///
    /// False when it is no longer waiting.
    package mutating func connectRefused(_ index: Int) -> Bool {
        guard indices.contains(index), state(index) == .connecting else { return false }
        self[index] = Entry(name: "", state: .free)
        refusals += 1
        return true
    }

    /// The client is put out by the server.
    ///
    /// False when it was not in.
    package mutating func disconnectedByServer(_ index: Int) -> Bool {
        guard isConnected(index) else { return false }
        self[index].state = .left
        return true
    }
}

// MARK: Looking

extension NamespaceConnections {
    package func isConnected(_ index: Int) -> Bool {
        indices.contains(index) && state(index) == .connected
    }

    /// The namespaces that the client is in.
    package var connected: [Int] { indices.filter { state($0) == .connected } }

    package var isAnyConnected: Bool {
        first.state == .connected || others.contains { $0.state == .connected }
    }

    /// The namespace as people write it; nil when the index is not in use.
    package func name(of index: Int) -> String? {
        guard indices.contains(index), state(index) != .free else { return nil }
        return self[index].name.isEmpty ? "/" : self[index].name
    }

    private var indices: Range<Int> { 0..<(others.count + 1) }

    private var liveCount: Int {
        indices.count { state($0) == .connecting || state($0) == .connected }
    }

    private subscript(_ index: Int) -> Entry {
        get { index == 0 ? first : others[index - 1] }
        set { if index == 0 { first = newValue } else { others[index - 1] = newValue } }
    }

    /// Apart, so that nobody copies a name to look at a state.
    private func state(_ index: Int) -> State { index == 0 ? first.state : others[index - 1].state }

    private func index(of namespace: UnsafeRawBufferPointer) -> Int? {
        if Self.matches(first, namespace) { return 0 }
        return others.firstIndex { Self.matches($0, namespace) }.map { $0 + 1 }
    }

    /// By bytes: names that Unicode takes for the same are different namespaces.
    private static func matches(_ entry: Entry, _ namespace: UnsafeRawBufferPointer) -> Bool {
        guard entry.state != .free, entry.name.utf8.count == namespace.count else { return false }
        return entry.name.utf8.withContiguousStorageIfAvailable {
            UnsafeRawBufferPointer($0).elementsEqual(namespace)
        } ?? entry.name.utf8.elementsEqual(namespace)
    }
}

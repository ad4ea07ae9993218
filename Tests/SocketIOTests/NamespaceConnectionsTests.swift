import SocketIO
import Testing

@Suite struct NamespaceConnectionsTests {
    private typealias Connections = NamespaceConnections

    private func connect(_ name: String, _ connections: inout NamespaceConnections) -> Connections.ConnectVerdict {
        Array(name.utf8).withUnsafeBytes { connections.receiveConnect(namespace: $0) }
    }

    private func packet(_ name: String, _ connections: NamespaceConnections) -> Connections.PacketVerdict {
        Array(name.utf8).withUnsafeBytes { connections.receivePacket(namespace: $0) }
    }

    private func disconnect(_ name: String, _ connections: inout NamespaceConnections) -> Connections.PacketVerdict {
        Array(name.utf8).withUnsafeBytes { connections.receiveDisconnect(namespace: $0) }
    }

    @Test func `a client connects, sends and leaves`() {
        var connections = NamespaceConnections()
        #expect(!connections.hasEverConnected)
        #expect(connect("", &connections) == .proceed(0))
        #expect(!connections.isConnected(0) && !connections.isAnyConnected)
        #expect(connections.connectAccepted(0) == true)
        #expect(connections.hasEverConnected && connections.isConnected(0) && connections.isAnyConnected)
        #expect(packet("", connections) == .deliver(0))
        #expect(connections.name(of: 0) == "/")
        #expect(disconnect("", &connections) == .deliver(0))
        #expect(!connections.isConnected(0) && connections.hasEverConnected)
    }

    @Test func `namespaces are independent`() {
        var connections = NamespaceConnections()
        #expect(connect("/chat", &connections) == .proceed(0))
        #expect(connect("", &connections) == .proceed(1))
        #expect(connect("/a-name-that-is-longer-than-fifteen-bytes", &connections) == .proceed(2))
        #expect(connections.connectAccepted(0) == true)
        #expect(connections.connectAccepted(2) == true)
        #expect(packet("/chat", connections) == .deliver(0))
        #expect(packet("/a-name-that-is-longer-than-fifteen-bytes", connections) == .deliver(2))
        #expect(packet("", connections) == .close)
        #expect(packet("/chat2", connections) == .close)
        #expect(packet("/CHAT", connections) == .close)
        #expect(connections.connected == [0, 2])
        #expect(connections.name(of: 2) == "/a-name-that-is-longer-than-fifteen-bytes")
        #expect(connections.name(of: 3) == nil && connections.name(of: -1) == nil)
    }

    @Test func `names that Unicode takes for the same are different namespaces`() {
        var connections = NamespaceConnections()
        #expect(connect("/e\u{301}", &connections) == .proceed(0))
        #expect(connections.connectAccepted(0) == true)
        #expect(packet("/\u{E9}", connections) == .close)
        #expect(connect("/\u{E9}", &connections) == .proceed(1))
    }

    @Test func `a second CONNECT closes the connection`() {
        var connections = NamespaceConnections()
        #expect(connect("", &connections) == .proceed(0))
        #expect(connect("", &connections) == .duplicate)
        #expect(connections.connectAccepted(0) == true)
        #expect(connect("", &connections) == .duplicate)
    }

    @Test func `S9 an event before CONNECT closes and one after DISCONNECT is ignored`() {
        var connections = NamespaceConnections()
        #expect(packet("", connections) == .close)
        #expect(disconnect("", &connections) == .close)
        #expect(connect("", &connections) == .proceed(0))
        #expect(packet("", connections) == .close)
        #expect(connections.connectAccepted(0) == true)
        #expect(disconnect("", &connections) == .deliver(0))
        #expect(packet("", connections) == .ignore)
        #expect(disconnect("", &connections) == .ignore)
        // And it may come back.
        #expect(connect("", &connections) == .proceed(0))
        #expect(packet("", connections) == .close)
        #expect(connections.connectAccepted(0) == true)
        #expect(packet("", connections) == .deliver(0))
    }

    @Test func `S9 what is under way when the server puts a client out is ignored`() {
        var connections = NamespaceConnections()
        #expect(connect("/chat", &connections) == .proceed(0))
        #expect(connections.disconnectedByServer(0) == false)
        #expect(connections.connectAccepted(0) == true)
        #expect(connections.disconnectedByServer(0) == true)
        #expect(connections.disconnectedByServer(0) == false)
        #expect(packet("/chat", connections) == .ignore)
        #expect(disconnect("/chat", &connections) == .ignore)
        #expect(connect("/chat", &connections) == .proceed(0))
    }

    @Test func `a refused client is in nothing and may try again`() {
        var connections = NamespaceConnections()
        #expect(connect("/chat", &connections) == .proceed(0))
        #expect(connections.connectRefused(0) == true)
        #expect(!connections.hasEverConnected)
        #expect(packet("/chat", connections) == .close)
        #expect(connections.name(of: 0) == nil)
        #expect(connect("/chat", &connections) == .proceed(0))
        #expect(connections.connectAccepted(0) == true)
    }

    @Test func `a decision that comes late or twice changes nothing`() {
        var connections = NamespaceConnections()
        #expect(connections.connectAccepted(0) == false)
        #expect(connections.connectRefused(0) == false)
        #expect(connections.connectAccepted(7) == false)
        #expect(connections.connectRefused(-1) == false)
        #expect(connections.disconnectedByServer(99) == false)
        #expect(connect("", &connections) == .proceed(0))
        #expect(connections.connectAccepted(0) == true)
        #expect(connections.connectAccepted(0) == false)
        #expect(connections.connectRefused(0) == false)
        #expect(connections.isConnected(0))
    }

    @Test func `S11 10 000 unknown namespaces get 32 errors and then the connection is closed`() {
        var connections = NamespaceConnections()
        var errors = 0
        var closedAt: Int?
        for number in 0..<10_000 {
            switch connect("/n\(number)", &connections) {
            case .proceed(let index):
                #expect(index == 0)
                #expect(connections.connectRefused(index) == true)
                errors += 1
            case .tooMany:
                closedAt = closedAt ?? number
            case .duplicate:
                Issue.record("no name came twice")
            }
        }
        #expect(errors == 32 && closedAt == 32)
    }

    @Test func `S11 a client is in at most 32 namespaces`() {
        var connections = NamespaceConnections()
        for number in 0..<32 {
            #expect(connect("/n\(number)", &connections) == .proceed(number))
            if number % 2 == 0 { #expect(connections.connectAccepted(number) == true) }
        }
        #expect(connect("/n32", &connections) == .tooMany)
        #expect(disconnect("/n4", &connections) == .deliver(4))
        #expect(connect("/n32", &connections) == .proceed(4))
        #expect(packet("/n4", connections) == .close)
        #expect(connect("/n33", &connections) == .tooMany)
    }

    @Test func `S11 coming and going stays within 32 entries`() {
        var connections = NamespaceConnections()
        for number in 0..<10_000 {
            guard case .proceed(let index) = connect("/n\(number)", &connections) else {
                Issue.record("refused at \(number)")
                return
            }
            #expect(index < 32)
            #expect(connections.connectAccepted(index) == true)
            #expect(disconnect("/n\(number)", &connections) == .deliver(index))
        }
        #expect(packet("/n9999", connections) == .ignore)
    }

    @Test func `one namespace needs no memory of its own`() {
        #expect(MemoryLayout<NamespaceConnections>.size <= 56)
    }
}

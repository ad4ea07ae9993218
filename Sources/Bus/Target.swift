/// Whom an emit, a membership change or a disconnect is for, within one namespace.
///
/// The clauses add up: a socket that several of them reach is reached once. A target without a clause reaches nobody.
package struct Target: Hashable, Sendable {
    /// Names of rooms.
    ///
    /// The id of a connected socket is also a room that this socket is in, as in Socket.IO.
    package var rooms: [String]
    package var users: [String]
    /// Ids of sockets.
    package var sockets: [String]
    /// Everyone in the namespace.
    package var all: Bool
    /// Who is left out, whichever clause reaches them.
    package var except: Exclusion
    /// Stays on this node: is not handed to the bus engine.
    package var local: Bool

    package init(
        rooms: [String] = [], users: [String] = [], sockets: [String] = [], all: Bool = false,
        except: Exclusion = .init(), local: Bool = false
    ) {
        self.rooms = rooms
        self.users = users
        self.sockets = sockets
        self.all = all
        self.except = except
        self.local = local
    }

    /// The one socket with this id.
    package static func socket(_ id: String) -> Target {
        Target(sockets: [id])
    }

    /// Reaches nobody whatever the members are, because it names nobody.
    package var isEmpty: Bool {
        !all && rooms.isEmpty && users.isEmpty && sockets.isEmpty
    }
}

/// Whom a ``Target`` leaves out.
package struct Exclusion: Hashable, Sendable {
    /// Names of rooms; a socket's id counts as a room here as well.
    package var rooms: [String]
    package var users: [String]
    /// Ids of sockets.
    package var sockets: [String]

    package init(rooms: [String] = [], users: [String] = [], sockets: [String] = []) {
        self.rooms = rooms
        self.users = users
        self.sockets = sockets
    }

    package var isEmpty: Bool {
        rooms.isEmpty && users.isEmpty && sockets.isEmpty
    }
}

/// What a shard does about memory that runs short.
extension Shard {
    /// Below this it is not worth anybody's connection.
    private static let smallestPile = 16_384

    /// Bytes were taken in, or put where they wait.
    func grew(by bytes: Int) {
        self.unsampledBytes &+= bytes
    }

    /// Looks at the memory when enough has come since the last time, and closes whoever has most piled up when it must.
    ///
    /// Called where any connection may be closed.
    func relieveMemory() {
        guard self.unsampledBytes >= MemoryGuard.grain else { return }
        self.unsampledBytes = 0
        let memory = self.core.memory
        var excess = memory.look()
        guard excess > 0 else { return }
        var piles = self.piles()
        while excess > 0, let pile = piles.popLast() {
            pile.close()
            // What is freed goes back only partly by itself; but two shards may be at it, so it is looked at again.
            memory.trim()
            excess = min(excess - pile.bytes, memory.look())
        }
    }

    private struct Pile {
        var bytes: Int
        var close: () -> Void
    }

    /// Those who have much piled up, the largest last.
    private func piles() -> [Pile] {
        var piles: [Pile] = []
        for connection in self.connections where connection.heldBytes >= Self.smallestPile {
            piles.append(Pile(bytes: connection.heldBytes) { connection.close(.slow) })
        }
        for session in self.sessions.values where session.transport == .polling {
            let bytes = session.heldBytes
            if bytes >= Self.smallestPile { piles.append(Pile(bytes: bytes) { session.closeSlow() }) }
        }
        for client in self.plainClients.values where client.heldBytes >= Self.smallestPile {
            piles.append(Pile(bytes: client.heldBytes) { client.closeSlow() })
        }
        piles.sort { $0.bytes < $1.bytes }
        return piles
    }
}

/// The sockets of one namespace on one shard, by a small number (``Bus/Member``) that is used again after they are gone.
struct SocketTable {
    private var slots: ContiguousArray<Socket?> = []
    private var free: ContiguousArray<UInt32> = []
    private(set) var count = 0

    /// All slots in use are below it.
    var slotCount: UInt32 { UInt32(self.slots.count) }

    subscript(slot: UInt32) -> Socket? {
        Int(slot) < self.slots.count ? self.slots[Int(slot)] : nil
    }

    mutating func insert(_ socket: Socket) -> UInt32 {
        self.count += 1
        if let slot = self.free.popLast() {
            self.slots[Int(slot)] = socket
            return slot
        }
        self.slots.append(socket)
        return UInt32(self.slots.count - 1)
    }

    mutating func remove(_ slot: UInt32) {
        guard Int(slot) < self.slots.count, self.slots[Int(slot)] != nil else { return }
        self.slots[Int(slot)] = nil
        self.free.append(slot)
        self.count -= 1
    }
}

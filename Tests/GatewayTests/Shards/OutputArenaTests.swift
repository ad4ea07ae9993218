import NIOCore
import Testing

@testable import Gateway

@Suite struct OutputArenaTests {
    private func bytes(of list: OutputArena.List, in arena: OutputArena, room: Int = 1_024) -> [UInt8]? {
        let gather = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
        defer { gather.deallocate() }
        return arena.withBytes(of: list, gather: gather) { Array($0) }
    }

    @Test func `pieces come out in the order in which they were appended`() {
        var arena = OutputArena()
        var list = OutputArena.List()
        let shared = arena.add(ByteBuffer(string: "shared"))
        #expect(arena.append(to: &list) { $0.writeString("own ") } == 4)
        #expect(arena.append(shared, to: &list) == 6)
        #expect(arena.append(to: &list) { $0.writeString(" end") } == 4)
        #expect(self.bytes(of: list, in: arena) == Array("own shared end".utf8))
    }

    @Test func `one buffer serves many lists`() {
        var arena = OutputArena()
        let shared = arena.add(ByteBuffer(string: "x"))
        var lists = [OutputArena.List](repeating: .init(), count: 100)
        for index in lists.indices {
            for _ in 0...index { _ = arena.append(shared, to: &lists[index]) }
        }
        for (index, list) in lists.enumerated() {
            #expect(self.bytes(of: list, in: arena) == [UInt8](repeating: UInt8(ascii: "x"), count: index + 1))
        }
    }

    @Test func `lists are collected side by side, and equal ones once`() throws {
        var arena = OutputArena()
        let (one, two) = (arena.add(ByteBuffer(string: "one ")), arena.add(ByteBuffer(string: "two ")))
        /// Buffers of a list, and whether the list before is of the same.
        let wanted: [([OutputArena.BufferID], Bool)] = [
            ([one, two], false), ([one, two], true), ([two, one], false), ([two, one, one], false),
            ([two, one], false),
            ([two, one], true),
        ]
        let lists = wanted.map { buffers, _ in
            var list = OutputArena.List()
            for buffer in buffers { _ = arena.append(buffer, to: &list) }
            return list
        }
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 36, alignment: 1)
        defer { room.deallocate() }
        var gathering = OutputArena.Gathering(in: room)
        #expect(gathering.isEmpty)
        let found = try lists.map { try #require(arena.bytes(of: $0, &gathering)) }
        #expect(
            found.map { String(decoding: $0, as: UTF8.self) } == [
                "one two ", "one two ", "two one ", "two one one ", "two one ", "two one ",
            ])
        for index in 1..<found.count {
            #expect((found[index].baseAddress == found[index - 1].baseAddress) == wanted[index].1)
        }
        // The room is full; what is one piece anyway needs none.
        var (list, single) = (OutputArena.List(), OutputArena.List())
        for buffer in [one, two] { _ = arena.append(buffer, to: &list) }
        _ = arena.append(two, to: &single)
        #expect(arena.bytes(of: list, &gathering) == nil)
        #expect(arena.bytes(of: single, &gathering).map { String(decoding: $0, as: UTF8.self) } == "two ")
        #expect(!gathering.isEmpty)
    }

    @Test func `small pieces that outlive the turn share a buffer`() {
        var arena = OutputArena()
        var list = OutputArena.List()
        let large = ByteBuffer(repeating: 7, count: DirectWriter.small + 1)
        let (shared, small) = (arena.add(large), arena.add(ByteBuffer(string: "small")))
        for number in 0..<100 { _ = arena.append(to: &list) { $0.writeInteger(UInt8(number)) } }
        _ = arena.append(shared, to: &list)
        for _ in 0..<100 { _ = arena.append(small, to: &list) }
        let buffers = arena.buffers(of: list)
        #expect(buffers.map(\.readableBytes) == [100, DirectWriter.small + 1, 500])
        #expect(buffers[1] == large)
    }

    @Test func `an empty list has no bytes and an empty piece leaves no trace`() {
        var arena = OutputArena()
        var list = OutputArena.List()
        #expect(self.bytes(of: list, in: arena) == [])
        #expect(arena.append(to: &list) { _ in } == 0)
        #expect(list.isEmpty)
    }

    @Test func `what does not fit into the gather buffer comes as buffers`() {
        var arena = OutputArena()
        var list = OutputArena.List()
        _ = arena.append(to: &list) { $0.writeString("aaaa") }
        _ = arena.append(arena.add(ByteBuffer(string: "bbbb")), to: &list)
        #expect(self.bytes(of: list, in: arena, room: 7) == nil)
        #expect(arena.buffers(of: list).map { String(buffer: $0) } == ["aaaabbbb"])
    }

    @Test(arguments: [0, 1, 125, 126, 65_535, 65_536, 70_000])
    func `a header that depends on the length stands right before its body`(length: Int) {
        var arena = OutputArena()
        var list = OutputArena.List()
        _ = arena.append(to: &list) { $0.writeString("before") }
        let count = arena.append(
            to: &list, headerRoom: 10, { $0.writeRepeatingByte(7, count: length) },
            header: { length, buffer in buffer.writeString(length < 126 ? "h" : length < 65_536 ? "hhhh" : "hhhhhhhhhh")
            })
        let header = length < 126 ? 1 : length < 65_536 ? 4 : 10
        #expect(count == header + length)
        let expected =
            Array("before".utf8) + [UInt8](repeating: UInt8(ascii: "h"), count: header)
            + [UInt8](repeating: 7, count: length)
        #expect(self.bytes(of: list, in: arena, room: 80_000) == expected)
    }

    @Test func `a new turn starts empty`() {
        var arena = OutputArena()
        var list = OutputArena.List()
        _ = arena.append(to: &list) { $0.writeString("old") }
        arena.removeAll()
        list = OutputArena.List()
        _ = arena.append(to: &list) { $0.writeString("new") }
        #expect(self.bytes(of: list, in: arena) == Array("new".utf8))
    }
}

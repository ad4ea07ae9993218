import NIOCore
import Testing

@testable import Gateway

@Suite struct TurnTextTests {
    private func read(_ text: TurnText, _ place: TurnText.Place) -> String { String(buffer: text.message(at: place)) }

    @Test func `each message stands where it was written`() {
        var text = TurnText()
        let places = ["4a", "", "4longer", "4ü"].map { message in text.append { $0.writeString(message) } }
        #expect(places.map { read(text, $0) } == ["4a", "", "4longer", "4ü"])
        #expect(places.map(\.length) == [2, 0, 7, 3])
    }

    @Test func `a message that somebody reads stays when the turn is over`() {
        var text = TurnText()
        let place = text.append { $0.writeString("4kept") }
        let message = text.message(at: place)
        text.removeAll()
        let next = text.append { $0.writeString("4other") }
        #expect(String(buffer: message) == "4kept")
        #expect(read(text, next) == "4other")
    }

    @Test func `a message that is written while another is read leaves that as it is`() {
        var text = TurnText()
        let first = text.append { $0.writeString("4first") }
        let message = text.message(at: first)
        let second = text.append { $0.writeString("4second") }
        #expect(String(buffer: message) == "4first")
        #expect(read(text, second) == "4second")
    }

    @Test func `the memory of a usual turn serves again and that of a large one goes`() {
        var text = TurnText()
        func address(_ place: TurnText.Place) -> UnsafeRawPointer? {
            text.message(at: place).withUnsafeReadableBytes { $0.baseAddress }
        }
        let first = address(text.append { $0.writeRepeatingByte(0x34, count: 1_000) })
        text.removeAll()
        let second = address(text.append { $0.writeRepeatingByte(0x34, count: 1_000) })
        #expect(first == second)
        _ = text.append { $0.writeRepeatingByte(0x34, count: 1 << 20) }
        text.removeAll()
        #expect(text.capacity <= 65_536)
    }
}

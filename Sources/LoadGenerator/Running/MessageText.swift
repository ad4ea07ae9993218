/// The messages that a run sends: each carries its number, by which it is known again in whatever the server makes of it.
struct MessageText {
    /// Stands before the number; the padding after it has no such letters.
    private static let marker: (UInt8, UInt8) = (UInt8(ascii: "g"), UInt8(ascii: "h"))
    private static let digits = 12

    private let prefix: [UInt8]
    private let suffix: [UInt8]
    private let isSocketIO: Bool
    private let namespace: [UInt8]
    private let asksForAck: Bool
    private(set) var bytes: [UInt8] = []

    init(plan: LoadPlan) {
        self.isSocketIO = plan.dialect == .socketIO
        self.asksForAck = plan.scenario == .echo && plan.expectsAck && self.isSocketIO
        self.namespace = plan.namespace == "/" ? [] : Array("\(plan.namespace),".utf8)
        let name = plan.event.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        self.prefix = Array((self.isSocketIO ? "[\"\(name)\",\"gh" : "gh").utf8)
        let padding = [UInt8](repeating: UInt8(ascii: "x"), count: max(0, plan.size - Self.digits - 2))
        self.suffix = padding + Array((self.isSocketIO ? "\"]" : "").utf8)
    }

    /// Makes ``bytes`` the message of that number.
    mutating func make(_ number: UInt64) {
        self.bytes.removeAll(keepingCapacity: true)
        if self.isSocketIO {
            self.bytes.append(UInt8(ascii: "2"))
            self.bytes += self.namespace
            if self.asksForAck { self.appendDecimal(number) }
        }
        self.bytes += self.prefix
        var rest = number
        let start = self.bytes.count
        for _ in 0..<Self.digits { self.bytes.append(UInt8(ascii: "0")) }
        for place in (0..<Self.digits).reversed() {
            self.bytes[start + place] += UInt8(rest % 10)
            rest /= 10
        }
        self.bytes += self.suffix
    }

    private mutating func appendDecimal(_ number: UInt64) {
        let start = self.bytes.count
        var rest = number
        repeat {
            self.bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        self.bytes[start...].reverse()
    }

    /// The number of an answer to ``make(_:)``: the id of an ack, or the one that stands in its data.
    func answer(in message: UnsafeRawBufferPointer) -> UInt64? {
        guard self.asksForAck else { return Self.number(in: message) }
        guard message.first == UInt8(ascii: "3") else { return nil }
        var index = 1
        if index < message.count, message[index] == UInt8(ascii: "/") {
            index = (message.firstIndex(of: UInt8(ascii: ",")) ?? message.count) + 1
        }
        var number: UInt64 = 0
        let start = index
        while index < message.count, index - start < 19, (48...57).contains(message[index]) {
            number = number * 10 + UInt64(message[index] - 48)
            index += 1
        }
        return index == start ? nil : number
    }

    /// The number that a message carries in its data.
    static func number(in message: UnsafeRawBufferPointer) -> UInt64? {
        guard message.count >= Self.digits + 2 else { return nil }
        for index in 0...(message.count - Self.digits - 2)
        where message[index] == Self.marker.0 && message[index + 1] == Self.marker.1 {
            let digits = message[(index + 2)..<(index + 2 + Self.digits)]
            guard digits.allSatisfy({ (48...57).contains($0) }) else { continue }
            return digits.reduce(0) { $0 * 10 + UInt64($1 - 48) }
        }
        return nil
    }
}

/// The head of a response, looked at in place, as far as a benchmark has to.
struct HTTPHead {
    private let bytes: UnsafeRawBufferPointer

    /// Where the head ends, after its empty line.
    static func end(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 4 else { return nil }
        var index = 3
        while index < bytes.count {
            // Every fourth byte is enough to see the end coming.
            switch bytes[index] {
            case 10:
                if bytes[index - 1] == 13, bytes[index - 2] == 10, bytes[index - 3] == 13 { return index + 1 }
                index += 2
            case 13: index += 1
            default: index += 4
            }
        }
        return nil
    }

    init(_ bytes: Slice<UnsafeRawBufferPointer>) {
        self.bytes = UnsafeRawBufferPointer(rebasing: bytes)
    }

    /// 0 when there is none.
    var status: Int {
        guard self.bytes.count >= 12 else { return 0 }
        return self.bytes[9..<12].reduce(0) { (48...57).contains($1) ? $0 * 10 + Int($1 - 48) : 0 }
    }

    /// The value of the first field of that name, which is given in lower case.
    subscript(_ name: String) -> String? {
        let wanted = Array(name.utf8)
        var start = 0
        while start < self.bytes.count, let end = self.bytes[start...].firstIndex(of: 13) {
            defer { start = end + 2 }
            let line = self.bytes[start..<end]
            guard line.count > wanted.count, line[start + wanted.count] == UInt8(ascii: ":"),
                zip(line, wanted).allSatisfy({ $0 | ($0 >= 65 && $0 <= 90 ? 0x20 : 0) == $1 })
            else { continue }
            return String(decoding: line[(start + wanted.count + 1)...].drop { $0 == 0x20 }, as: UTF8.self)
        }
        return nil
    }
}

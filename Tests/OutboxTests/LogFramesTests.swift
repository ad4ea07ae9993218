import Testing

@testable import Outbox

@Suite struct LogFramesTests {
    private let pageSize = 512
    private let salts: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]

    /// A log of transactions with so many frames each, and the places where its frames begin.
    private func log(_ transactions: [Int], bigEndian: Bool = false) -> (bytes: [UInt8], frames: [Int]) {
        var bytes = words([bigEndian ? 0x377f_0683 : 0x377f_0682, 3_007_000, UInt32(self.pageSize), 0]) + self.salts
        var sums = LogFrames.Sums(isBigEndian: bigEndian)
        bytes.withUnsafeBytes { sums.add($0) }
        bytes += words([sums.first, sums.second])
        var places: [Int] = []
        for count in transactions {
            for number in 1...count {
                places.append(bytes.count)
                let head = words([UInt32(places.count), number == count ? 9 : 0])
                let page = (0..<self.pageSize).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ places.count) }
                head.withUnsafeBytes { sums.add($0) }
                page.withUnsafeBytes { sums.add($0) }
                bytes += head + self.salts + words([sums.first, sums.second]) + page
            }
        }
        return (bytes, places)
    }

    private func words(_ numbers: [UInt32]) -> [UInt8] {
        numbers.flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) } }
    }

    private func read(_ bytes: [UInt8]) -> LogFrames? {
        let head = bytes.prefix(LogFrames.headLength)
        guard var frames = Array(head).withUnsafeBytes({ LogFrames(head: $0, pageSize: self.pageSize) }) else {
            return nil
        }
        var rest = bytes.dropFirst(head.count)
        while rest.count >= LogFrames.frameHeadLength + frames.pageSize {
            let frame = Array(rest.prefix(LogFrames.frameHeadLength + frames.pageSize))
            frame.withUnsafeBytes { frames.add($0) }
            rest = rest.dropFirst(frame.count)
        }
        return frames
    }

    @Test(arguments: [false, true]) func `a log that is right has lost nothing`(bigEndian: Bool) {
        let frames = read(log([2, 1, 3], bigEndian: bigEndian).bytes)
        #expect(frames?.firstWrong == nil && frames?.lost == 0)
    }

    @Test func `a wrong frame with committed ones behind it is told`() {
        let (whole, places) = log([2, 1, 3])
        for place in [places[0], places[1]] {
            var bytes = whole
            bytes[place + LogFrames.frameHeadLength + 100] ^= 1
            let frames = read(bytes)
            #expect(frames?.firstWrong == places.firstIndex(of: place).map { $0 + 1 })
            #expect(frames?.lost == 6 - (places.firstIndex(of: place) ?? 0) - 1)
        }
        // A transaction of one frame.
        var bytes = whole
        bytes[places[2] + 200] ^= 0x80
        #expect(read(bytes)?.lost == 3)
    }

    @Test func `a wrong head is told`() {
        let (whole, _) = log([1, 1, 1])
        for place in [0, 3, 9, 13, 17, 25, 31] {
            var bytes = whole
            bytes[place] ^= 0x11
            #expect(read(bytes)?.firstWrong == 0)
            // Its own sums are what the first frame went on from: as long as they can be worked out, that one is whole too.
            #expect(read(bytes)?.lost == (place < 24 ? 2 : 3), "byte \(place)")
        }
    }

    @Test func `a last transaction that is torn anywhere is no loss`() {
        let (whole, places) = log([2, 1, 3])
        for place in places[3...] {
            var bytes = whole
            // A crash leaves out any of its frames: they were on their way together.
            for index in place..<(place + 24 + self.pageSize) { bytes[index] = 0 }
            #expect(read(bytes)?.lost == 0)
        }
        for length in stride(from: LogFrames.headLength, to: whole.count, by: 100) {
            #expect(read(Array(whole.prefix(length)))?.lost == 0)
        }
    }

    @Test func `frames of an earlier life of the log are no loss`() {
        var (bytes, places) = log([1, 1, 1, 1, 1, 1])
        // As if the first three had been written over the others when the log was begun again.
        for place in places[3...] { bytes[place + 8] ^= 0xff }
        #expect(read(bytes)?.firstWrong == 4 && read(bytes)?.lost == 0)
    }

    @Test func `what a crash left behind newer frames of the same life is no loss`() {
        let old = log([1, 2, 4])
        var new = log([1, 1]).bytes
        // The second transaction was torn and written anew, shorter: of the old one the last frame is left, committed.
        new += old.bytes[new.count...].prefix(LogFrames.frameHeadLength + self.pageSize)
        #expect(read(new)?.lost == 0)
    }

    @Test func `nothing in a log traps`() {
        var random = SystemRandomNumberGenerator()
        let (whole, _) = log([2, 2, 2])
        for _ in 0..<500 {
            var bytes = whole
            for _ in 0..<8 {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = .random(in: 0...255, using: &random)
            }
            #expect((read(bytes)?.lost ?? 0) <= 6)
        }
        #expect(read([1, 2, 3]) == nil)
    }
}

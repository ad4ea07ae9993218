import Randomness
import Testing
import WebSocketProtocol

@Suite struct FrameDecoderTests {
    private func error(_ frames: [ClientFrame], limits: FrameDecoder.Limits = .init()) -> WebSocketError? {
        StreamVerdict.of(frames, limits: limits).error
    }

    // MARK: What is fine

    @Test func `the masked hello of the RFC is decoded`() {
        let bytes: [UInt8] = [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]
        #expect(StreamVerdict.of(bytes) == StreamVerdict([.text(Array("Hello".utf8))]))
    }

    @Test(arguments: [0, 1, 7, 8, 9, 125, 126, 127, 128, 65_535, 65_536, 70_001])
    func `messages of every length class are decoded`(count: Int) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let frames = [ClientFrame.binary(payload), .text("next")]
        #expect(StreamVerdict.of(frames.bytes, rounds: 5).items == [.binary(payload), .text(Array("next".utf8))])
    }

    @Test func `fragments become one message and control frames between them come at once`() {
        let frames: [ClientFrame] = [
            .text("Hel", final: false), .ping([1, 2, 3]), .more([], final: false), .pong(), .more(Array("lo".utf8)),
            .binary([9], final: false), .ping(), .more([8, 7]), .close(1000, Array("bye".utf8)),
        ]
        #expect(
            StreamVerdict.of(frames)
                == StreamVerdict([
                    .ping([1, 2, 3]), .pong([]), .text(Array("Hello".utf8)), .ping([]), .binary([9, 8, 7]),
                    .close(1000, Array("bye".utf8)),
                ]))
    }

    @Test func `a whole frame is a slice of the input and nothing is copied`() throws {
        var bytes = ClientFrame.text("in place").bytes
        let count = bytes.count
        try bytes.withUnsafeMutableBytes { memory in
            var decoder = FrameDecoder()
            var input = memory
            guard case .text(let text) = try decoder.next(&input) else {
                Issue.record("no text")
                return
            }
            #expect(text.baseAddress == UnsafeRawPointer(memory.baseAddress! + 6))
            #expect(text.count == count - 6)
            let isIdle = !decoder.isInsideMessage
            #expect(isIdle)
        }
    }

    @Test func `an idle decoder is small`() {
        #expect(MemoryLayout<FrameDecoder>.size < 100)
    }

    @Test func `the decoder knows that a message is incomplete`() throws {
        var decoder = FrameDecoder()
        var bytes = ClientFrame.text("ab", final: false).bytes
        try bytes.withUnsafeMutableBytes { memory in
            var input = UnsafeMutableRawBufferPointer(rebasing: memory[..<1])
            _ = try decoder.next(&input)
            let isInside = decoder.isInsideMessage
            #expect(isInside)
            input = UnsafeMutableRawBufferPointer(rebasing: memory[1...])
            _ = try decoder.next(&input)
            let isStillInside = decoder.isInsideMessage
            #expect(isStillInside)
        }
        var rest = ClientFrame.more([]).bytes
        try rest.withUnsafeMutableBytes { memory in
            var input = memory
            _ = try decoder.next(&input)
            let isIdle = !decoder.isInsideMessage
            #expect(isIdle)
        }
    }

    // MARK: W1-W5

    @Test(arguments: [UInt8(1), 2, 8, 9, 10])
    func `W1 an unmasked frame is a protocol error`(opcode: UInt8) {
        #expect(error([ClientFrame(opcode: opcode, isMasked: false)]) == .unmaskedFrame)
        #expect(error([ClientFrame(opcode: opcode, payload: [0, 1, 2, 3], isMasked: false)]) == .unmaskedFrame)
    }

    @Test(arguments: UInt8(1)...7, [UInt8(0), 1, 2, 8, 9, 10])
    func `W2 reserved bits are a protocol error on every frame`(bits: UInt8, opcode: UInt8) {
        #expect(error([ClientFrame(opcode: opcode, reserved: bits)]) == .reservedBits)
        let started: [ClientFrame] = [.text("a", final: false), ClientFrame(opcode: opcode, reserved: bits)]
        #expect(error(started) == .reservedBits)
    }

    @Test func `W2 with compression RSV1 is for the first frame of a message only`() {
        let limits = FrameDecoder.Limits(allowsCompression: true)
        let packed = ClientFrame(opcode: 1, payload: [0xFF, 0xFE], reserved: 4)
        #expect(StreamVerdict.of([packed], limits: limits).items == [.text([0xFF, 0xFE])])
        for opcode in [UInt8(8), 9, 10] {
            #expect(error([ClientFrame(opcode: opcode, reserved: 4)], limits: limits) == .reservedBits)
        }
        let continued: [ClientFrame] = [.text("a", final: false), ClientFrame(opcode: 0, reserved: 4)]
        #expect(error(continued, limits: limits) == .reservedBits)
        #expect(error([ClientFrame(opcode: 1, reserved: 2)], limits: limits) == .reservedBits)
        #expect(error([ClientFrame(opcode: 1, payload: [0xFF])], limits: limits) == .invalidUTF8)
    }

    @Test(arguments: [UInt8(3), 4, 5, 6, 7, 11, 12, 13, 14, 15])
    func `W3 reserved opcodes are a protocol error`(opcode: UInt8) {
        #expect(error([ClientFrame(opcode: opcode)]) == .reservedOpcode)
        #expect(error([.text("before"), ClientFrame(opcode: opcode, payload: [1]), .ping()]) == .reservedOpcode)
    }

    @Test(arguments: [UInt8(8), 9, 10])
    func `W4 control frames are neither fragmented nor long`(opcode: UInt8) {
        #expect(error([ClientFrame(opcode: opcode, isFinal: false)]) == .fragmentedControl)
        #expect(error([ClientFrame(opcode: opcode, payload: [UInt8](repeating: 65, count: 126))]) == .controlTooLong)
        #expect(error([ClientFrame(opcode: opcode, announced: (5, 2))]) == .controlTooLong)
        #expect(error([ClientFrame(opcode: opcode, announced: (70_000, 8))]) == .controlTooLong)
    }

    @Test func `W4 a control frame of 125 bytes is fine`() {
        let payload = [UInt8](repeating: 0xFE, count: 125)
        #expect(StreamVerdict.of([.ping(payload)]) == StreamVerdict([.ping(payload)]))
    }

    @Test func `W4 fragments have an order`() {
        #expect(error([.more([1])]) == .unexpectedContinuation)
        #expect(error([.more([1], final: false)]) == .unexpectedContinuation)
        #expect(error([.text("a"), .more([1])]) == .unexpectedContinuation)
        #expect(error([.text("a", final: false), .text("b")]) == .expectedContinuation)
        #expect(error([.text("a", final: false), .binary([1], final: false)]) == .expectedContinuation)
    }

    @Test(arguments: [
        (UInt64(5), 2, WebSocketError.nonMinimalLength), (125, 2, .nonMinimalLength), (0, 2, .nonMinimalLength),
        (200, 8, .nonMinimalLength), (65_535, 8, .nonMinimalLength), (0, 8, .nonMinimalLength),
        (1 << 63, 8, .lengthTooBig), (.max, 8, .lengthTooBig), ((1 << 63) - 1, 8, .messageTooBig),
        (1_000_001, 8, .messageTooBig), (1 << 32, 8, .messageTooBig),
    ])
    func `W5 length tricks are refused at the header`(value: UInt64, width: Int, expected: WebSocketError) {
        for opcode in [UInt8(1), 2] {
            #expect(error([ClientFrame(opcode: opcode, announced: (value, width))]) == expected)
        }
    }

    @Test func `W5 a length that overflows together with earlier fragments is too big`() {
        let last = ClientFrame(opcode: 0, announced: ((1 << 63) - 1, 8))
        #expect(error([.binary([1], final: false), last]) == .messageTooBig)
    }

    @Test func `W5 the limit is for the message and the last byte is the one too many`() {
        let limits = FrameDecoder.Limits(maxMessageSize: 300)
        #expect(error([.binary([UInt8](repeating: 0, count: 300))], limits: limits) == nil)
        #expect(error([.binary([UInt8](repeating: 0, count: 301))], limits: limits) == .messageTooBig)
        let half = [UInt8](repeating: 0, count: 150)
        #expect(error([.binary(half, final: false), .more(half)], limits: limits) == nil)
        #expect(error([.binary(half, final: false), .more(half + [0])], limits: limits) == .messageTooBig)
        #expect(error([.binary(half, final: false), .ping(half.dropLast(30)), .more(half)], limits: limits) == nil)
    }

    // MARK: W6

    @Test(arguments: UTF8Vectors.valid)
    func `W6 valid text passes whole and in fragments`(text: [UInt8]) {
        #expect(StreamVerdict.of([ClientFrame(opcode: 1, payload: text)]) == StreamVerdict([.text(text)]))
        let frames = fragments(of: text)
        #expect(StreamVerdict.of(frames) == StreamVerdict([.text(text)]))
    }

    @Test(arguments: UTF8Vectors.invalid)
    func `W6 invalid text is refused whole and in fragments`(text: [UInt8]) {
        #expect(error([ClientFrame(opcode: 1, payload: text)]) == .invalidUTF8)
        #expect(error(fragments(of: text)) == .invalidUTF8)
        #expect(StreamVerdict.of([.binary(text)]) == StreamVerdict([.binary(text)]))
    }

    private func fragments(of text: [UInt8]) -> [ClientFrame] {
        [ClientFrame(opcode: 1, isFinal: false)] + text.map { .more([$0], final: false) } + [.more([])]
    }

    @Test func `W6 bad text fails before the frame is complete`() {
        let bytes = ClientFrame(opcode: 1, payload: [0x61, 0x62, 0xF4, 0x90] + [UInt8](repeating: 0x61, count: 90))
            .bytes
        for count in 6..<bytes.count {
            let verdict = StreamVerdict.of(Array(bytes[..<count]), rounds: 2)
            #expect(verdict.error == (count < 10 ? nil : .invalidUTF8), "\(count) bytes")
        }
    }

    @Test func `W6 bad text fails before the message is complete`() {
        #expect(error([.text("fine", final: false), .more([0xED, 0xA0], final: false)]) == .invalidUTF8)
    }

    // MARK: W7

    @Test func `W7 a close of one byte is a protocol error`() {
        #expect(error([.close([3])]) == .invalidClosePayload)
    }

    @Test func `W7 every close code is allowed or a protocol error`() {
        for code in UInt16.min...UInt16.max where code < 5_100 || code % 997 == 0 || code == .max {
            let verdict = StreamVerdict(ClientFrame.close(code).bytes) { .max }
            if CloseCode.isAllowedOnWire(code) {
                #expect(verdict == StreamVerdict([.close(code, [])]))
            } else {
                #expect(verdict == StreamVerdict([], .invalidCloseCode))
            }
        }
    }

    @Test(arguments: UTF8Vectors.invalid)
    func `W7 a close reason has to be UTF-8`(reason: [UInt8]) {
        #expect(error([.close(1000, reason)]) == .invalidUTF8)
    }

    @Test func `W7 a close may be empty or full`() {
        #expect(StreamVerdict.of([.close()]) == StreamVerdict([.close(nil, [])]))
        let reason = [UInt8](repeating: 0x2A, count: 123)
        #expect(StreamVerdict.of([.close(1000, reason)]) == StreamVerdict([.close(1000, reason)]))
    }

    @Test func `W7 whatever follows a close is ignored`() {
        let frames: [ClientFrame] = [.close(1001), .text("more"), ClientFrame(opcode: 15), .close(1002)]
        #expect(StreamVerdict.of(frames) == StreamVerdict([.close(1001, [])]))
        let inside: [ClientFrame] = [.text("half", final: false), .close(), .more([1])]
        #expect(StreamVerdict.of(inside) == StreamVerdict([.close(nil, [])]))
    }

    @Test func `whatever follows an error is ignored`() {
        let frames: [ClientFrame] = [.text("one"), ClientFrame(opcode: 3), .text("two"), ClientFrame(opcode: 4)]
        #expect(StreamVerdict.of(frames) == StreamVerdict([.text(Array("one".utf8))], .reservedOpcode))
    }

    // MARK: W8, W9

    @Test(arguments: [[], [UInt8(0x61)]])
    func `W8 W9 a flood of tiny or empty fragments is refused at the fragment after the limit`(payload: [UInt8]) {
        let frame = ClientFrame.more(payload, final: false).bytes
        var bytes = ClientFrame.text("", final: false).bytes
        for _ in 1..<1_024 { bytes += frame }
        #expect(StreamVerdict.of(bytes, rounds: 2).error == nil)
        bytes += frame
        let verdict = StreamVerdict.of(bytes, rounds: 2)
        #expect(verdict.error == .tooManyFragments)
        #expect(verdict.error?.closeCode == 1008)
    }

    @Test func `W8 many fragments of a decent size are fine`() {
        let piece = [UInt8](repeating: 0x61, count: 64)
        var frames: [ClientFrame] = [.binary(piece, final: false)]
        for _ in 0..<3_000 { frames.append(.more(piece, final: false)) }
        frames.append(.more(piece))
        let verdict = StreamVerdict(frames.bytes) { 1_000 }
        #expect(verdict == StreamVerdict([.binary([UInt8](repeating: 0x61, count: 64 * 3_002))]))
    }

    @Test func `W8 the count starts over with every message`() {
        let message: [ClientFrame] = [.text("a", final: false)] + (0..<600).map { _ in .more([0x62], final: false) }
        let frames = message + [.more([])] + message + [.more([])]
        #expect(StreamVerdict(frames.bytes) { 900 }.items.count == 2)
    }

    // MARK: Sweeps

    @Test func `every first two bytes give the verdict of the rules`() {
        for first in UInt8.min...UInt8.max {
            for second in UInt8.min...UInt8.max {
                let verdict = StreamVerdict([first, second]) { .max }
                let opcode = first & 0x0F
                let expected: WebSocketError? =
                    if first & 0x30 != 0 {
                        .reservedBits
                    } else if ![0, 1, 2, 8, 9, 10].contains(opcode) {
                        .reservedOpcode
                    } else if opcode >= 8, first & 0x80 == 0 {
                        .fragmentedControl
                    } else if first & 0x40 != 0 {
                        .reservedBits
                    } else if opcode == 0 {
                        .unexpectedContinuation
                    } else if second & 0x80 == 0 {
                        .unmaskedFrame
                    } else if opcode >= 8, second & 0x7F > 125 {
                        .controlTooLong
                    } else {
                        nil
                    }
                guard verdict != StreamVerdict([], expected) else { continue }
                Issue.record("\(first) \(second): \(verdict)")
            }
        }
    }

    @Test func `W18 mutated streams never trap and do not depend on the split`() {
        let limits = FrameDecoder.Limits(maxMessageSize: 2_000, maxFragments: 8)
        for seed in 0..<1_500 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var frames: [ClientFrame] = []
            var inside = false
            for _ in 0..<Int.random(in: 1...10, using: &random) {
                let count = [0, 1, 5, 60, 125, 126, 300][Int.random(in: 0..<7, using: &random)]
                let payload = (0..<count).map { _ in UInt8.random(in: 0x20...0x7E, using: &random) }
                let isFinal = Bool.random(using: &random)
                switch Int.random(in: 0..<8, using: &random) {
                case 0: frames.append(.ping(Array(payload.prefix(125))))
                case 1: frames.append(.pong(Array(payload.prefix(125))))
                default:
                    frames.append(ClientFrame(opcode: inside ? 0 : 1, payload: payload, isFinal: isFinal))
                    inside = !isFinal
                }
            }
            if seed % 3 == 0 { frames.append(.close(1000, Array("done".utf8))) }
            var bytes = frames.bytes
            for _ in 0..<Int(seed % 4) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = .random(in: .min ... .max, using: &random)
                case 1: bytes.insert(.random(in: .min ... .max, using: &random), at: place)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            let verdict = StreamVerdict.of(bytes, limits: limits, rounds: 3)
            if seed % 4 == 0, verdict.error != nil, verdict.error != .tooManyFragments, verdict.error != .messageTooBig
            {
                Issue.record("seed \(seed) is valid, but \(verdict)")
            }
        }
    }
}

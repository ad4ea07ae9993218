import NIOCore
import Randomness
import Testing
import WebSocketProtocol

/// What a stream of client bytes comes to.
struct StreamVerdict: Hashable, CustomStringConvertible {
    enum Item: Hashable {
        case text([UInt8]), binary([UInt8]), ping([UInt8]), pong([UInt8]), close(UInt16?, [UInt8])
    }

    var items: [Item] = []
    var error: WebSocketError?

    init(_ items: [Item] = [], _ error: WebSocketError? = nil) {
        self.items = items
        self.error = error
    }

    var description: String { "\(items.suffix(3)) of \(items.count), \(error.map { "\($0)" } ?? "no error")" }

    /// Feeds `bytes` in pieces of the sizes that `size` gives, each piece in memory of its own that is gone afterwards.
    ///
    /// `inflates`: compressed messages are inflated, as the owner of a decoder does.
    init(_ bytes: [UInt8], limits: FrameDecoder.Limits = .init(), inflates: Bool = false, size: () -> Int) {
        var decoder = FrameDecoder(limits: limits)
        let inflater = inflates ? MessageInflater() : nil
        var offset = 0
        while offset < bytes.count {
            let count = min(max(size(), 1), bytes.count - offset)
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
            defer { memory.deallocate() }
            memory.copyBytes(from: bytes[offset..<(offset + count)])
            offset += count
            if error != nil, inflates { return }
            var input = memory
            take(&decoder, &input, inflater, limits.maxMessageSize)
        }
    }

    private mutating func take(
        _ decoder: inout FrameDecoder, _ input: inout UnsafeMutableRawBufferPointer, _ inflater: MessageInflater?,
        _ limit: Int
    ) {
        while true {
            do {
                switch try decoder.next(&input) {
                case .needMore:
                    if !input.isEmpty { Issue.record("input is left at needMore") }
                    return
                case .text(let bytes) where inflater != nil && decoder.isCompressed:
                    items.append(.text(try inflater.inflated(bytes, isText: true, limit: limit)))
                case .binary(let bytes) where inflater != nil && decoder.isCompressed:
                    items.append(.binary(try inflater.inflated(bytes, isText: false, limit: limit)))
                case .text(let bytes): items.append(.text(Array(bytes)))
                case .binary(let bytes): items.append(.binary(Array(bytes)))
                case .ping(let bytes): items.append(.ping(Array(bytes)))
                case .pong(let bytes): items.append(.pong(Array(bytes)))
                case .close(let code, let reason): items.append(.close(code, Array(reason)))
                }
            } catch let error as WebSocketError {
                if self.error != nil { Issue.record("a second error") }
                self.error = error
                // The owner closes when a message cannot be inflated; the decoder by itself.
                if !decoder.isClosed { return input = .init(start: nil, count: 0) }
            } catch {
                Issue.record("an error of another kind")
            }
        }
    }

    /// W18: whole, byte by byte and at random splits it is always the same.
    static func of(
        _ bytes: [UInt8], limits: FrameDecoder.Limits = .init(), inflates: Bool = false, rounds: Int = 8,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> StreamVerdict {
        let whole = StreamVerdict(bytes, limits: limits, inflates: inflates) { .max }
        let single = StreamVerdict(bytes, limits: limits, inflates: inflates) { 1 }
        #expect(single == whole, "byte by byte", sourceLocation: sourceLocation)
        for seed in 0..<UInt64(rounds) {
            var random = SeededRandom(seed: seed)
            let largest = [3, 7, 40, 200, 5_000][Int(seed % 5)]
            let split = StreamVerdict(bytes, limits: limits, inflates: inflates) {
                Int.random(in: 1...largest, using: &random)
            }
            #expect(split == whole, "seed \(seed)", sourceLocation: sourceLocation)
        }
        return whole
    }

    static func of(
        _ frames: [ClientFrame], limits: FrameDecoder.Limits = .init(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> StreamVerdict {
        of(frames.bytes, limits: limits, sourceLocation: sourceLocation)
    }
}

extension MessageInflater? {
    fileprivate func inflated(_ bytes: UnsafeRawBufferPointer, isText: Bool, limit: Int) throws -> [UInt8] {
        var output = ByteBuffer()
        try self?.inflate(bytes, isText: isText, limit: limit, into: &output)
        return Array(output.readableBytesView)
    }
}

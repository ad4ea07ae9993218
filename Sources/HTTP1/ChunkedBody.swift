internal import struct NIOCore.ByteBuffer

/// Takes a chunked body apart.
///
/// RFC 9112 section 7.1.
///
/// Extensions and trailers are checked, counted and thrown away.
struct ChunkedBody {
    enum Piece {
        case data(ByteBuffer)
        case end
    }

    private enum Phase: Hashable {
        case size
        case data(Int)
        case dataEnd
        case trailers
    }

    private var phase = Phase.size
    private var lines = LineScanner()
    private var received = 0
    private var overhead = 0
    private var trailerBytes = 0

    /// The next piece in `input`; nil when more is needed.
    ///
    /// `bodyLimit` is for the data of all chunks.
    mutating func next(
        _ input: inout ByteBuffer, limits: RequestParser.Limits, bodyLimit: Int
    ) throws(RequestError) -> Piece? {
        while true {
            switch phase {
            case .size:
                guard let size = try takeSize(&input, limits: limits) else { return nil }
                guard size <= bodyLimit - received else { throw .bodyTooLarge }
                received += size
                phase = size == 0 ? .trailers : .data(size)
            case .data(let remaining):
                guard let data = input.readSlice(length: min(remaining, input.readableBytes)), data.readableBytes > 0
                else { return nil }
                let rest = remaining - data.readableBytes
                phase = rest == 0 ? .dataEnd : .data(rest)
                return .data(data)
            case .dataEnd:
                guard let next: UInt8 = input.getInteger(at: input.readerIndex) else { return nil }
                guard next == 0x0D else { throw .badChunk }
                guard let last: UInt8 = input.getInteger(at: input.readerIndex + 1) else { return nil }
                guard last == 0x0A else { throw .badChunk }
                input.moveReaderIndex(forwardBy: 2)
                phase = .size
            case .trailers:
                guard let isEmpty = try takeTrailer(&input, limits: limits) else { return nil }
                if isEmpty { return .end }
            }
        }
    }

    private mutating func takeSize(_ input: inout ByteBuffer, limits: RequestParser.Limits) throws(RequestError) -> Int?
    {
        let limit = limits.maxChunkDigits + limits.maxChunkExtension
        let line = try input.withUnsafeReadableBytes { (bytes) throws(RequestError) -> (length: Int, size: Int)? in
            switch try lines.next(bytes, limit: limit) {
            case .incomplete: return nil
            case .tooLong: throw .badChunk
            case .line(let line):
                return (line.count, try Self.size(UnsafeRawBufferPointer(rebasing: bytes[line]), limits: limits))
            }
        }
        guard let line else { return nil }
        input.moveReaderIndex(forwardBy: lines.start)
        lines = LineScanner()
        // The share that is free, 16 bytes a chunk and twice its data, is the one of Go's net/http (CVE-2023-39326).
        overhead = max(0, overhead + line.length + 2 - 16 - 2 * min(line.size, limits.maxChunkOverhead))
        guard overhead <= limits.maxChunkOverhead else { throw .badChunk }
        return line.size
    }

    private static func size(_ line: UnsafeRawBufferPointer, limits: RequestParser.Limits) throws(RequestError) -> Int {
        var size = 0
        var index = 0
        while index < line.count, let digit = ByteClass.hexValue(line[index]) {
            guard index < limits.maxChunkDigits else { throw .badChunk }
            size = size << 4 | Int(digit)
            index += 1
        }
        guard index > 0 else { throw .badChunk }
        let ext = line[index...]
        guard ext.isEmpty || ext.first == UInt8(ascii: ";"), ext.count <= limits.maxChunkExtension,
            ext.allSatisfy({ $0 < 0x80 })
        else { throw .badChunk }
        return size
    }

    /// Whether the next line was the empty one that ends the section; nil when it has not arrived.
    private mutating func takeTrailer(_ input: inout ByteBuffer, limits: RequestParser.Limits) throws(RequestError)
        -> Bool?
    {
        let room = limits.maxTrailers - trailerBytes - 2
        let isEmpty = try input.withUnsafeReadableBytes { (bytes) throws(RequestError) -> Bool? in
            switch try lines.next(bytes, limit: room) {
            case .incomplete: return nil
            case .tooLong: throw .badTrailer
            case .line(let line):
                guard !line.isEmpty else { return true }
                do { _ = try FieldPlace(bytes, line) } catch { throw .badTrailer }
                return false
            }
        }
        guard let isEmpty else { return nil }
        input.moveReaderIndex(forwardBy: lines.start)
        trailerBytes += lines.start
        lines = LineScanner()
        return isEmpty
    }
}

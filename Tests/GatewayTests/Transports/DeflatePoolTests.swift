import Configuration
import EngineIO
import NIOCore
import Testing
import WebSocketProtocol

@testable import Gateway

@Suite struct DeflatePoolTests {
    private let pool = DeflatePool()

    private func frame(_ text: String, windowBits: Int = 15) -> ByteBuffer? {
        Array(text.utf8).withUnsafeBytes { self.pool.frame(.text, $0, windowBits: windowBits) }
    }

    /// The payload of a compressed frame of at most 65,535 bytes, inflated.
    private func inflated(_ frame: ByteBuffer?, own: MessageInflater? = nil) throws -> String {
        var frame = try #require(frame)
        let head = frame.readInteger(as: UInt16.self) ?? 0
        #expect(head & 0xFF00 == 0xC100, "final, RSV1, text")
        var length = Int(head & 0x7F)
        if length == 126 { length = Int(frame.readInteger(as: UInt16.self) ?? 0) }
        #expect(length == frame.readableBytes)
        var text = ""
        try frame.withUnsafeReadableBytes { payload in
            try self.pool.inflate(payload, isText: true, limit: 1_000_000, own: own) {
                text = String(decoding: $0, as: UTF8.self)
            }
        }
        return text
    }

    @Test(arguments: [60, 200, 5_000, 70_000])
    func `a frame is compressed and says so`(count: Int) throws {
        let text = String(repeating: "ab", count: count)
        #expect(try self.inflated(self.frame(text)) == text)
        #expect(try self.inflated(self.frame(text, windowBits: 9)) == text)
    }

    @Test func `what is short, noise or very large goes as it is`() {
        #expect(self.frame("a") == nil)
        #expect(self.frame("") == nil)
        #expect(self.frame(String(repeating: "a", count: DeflatePool.maxBytes)) != nil)
        #expect(self.frame(String(repeating: "a", count: DeflatePool.maxBytes + 1)) == nil)
    }

    @Test func `a message that sets off the reading of another stays whole`() throws {
        let outer = try #require(self.frame(String(repeating: "outer ", count: 400)))
        let inner = try #require(self.frame(String(repeating: "inner ", count: 400)))
        try outer.withUnsafeReadableBytes { bytes in
            let payload = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(bytes.count <= 127 ? 2 : 4))
            try self.pool.inflate(payload, isText: true, limit: 10_000, own: nil) { text in
                #expect((try? self.inflated(inner))?.hasPrefix("inner inner") == true)
                #expect(String(decoding: text, as: UTF8.self) == String(repeating: "outer ", count: 400))
            }
        }
    }

    @Test func `where contexts are taken over each connection has its own`() throws {
        let parameters = DeflateParameters(serverNoContextTakeover: false, clientNoContextTakeover: false)
        let stream = StreamDeflate(parameters, threshold: 0, pool: self.pool)
        #expect(!stream.isShared)
        let text = String(repeating: "0123456789 abcdefghij ", count: 10)
        let frames = (0..<3).map { _ in Array(text.utf8).withUnsafeBytes { stream.frame(.text, $0) } }
        #expect(try #require(frames[1]).readableBytes < (try #require(frames[0]).readableBytes))
        let inflater = try #require(MessageInflater())
        for frame in frames { #expect(try self.inflated(frame, own: inflater) == text) }
    }

    @Test func `connections that agreed on the same share frames, and 8 bits are 9`() {
        let kinds = [8, 9, 10, 15].map {
            StreamDeflate(DeflateParameters(serverWindowBits: $0), threshold: 5, pool: self.pool)
        }
        #expect(kinds.allSatisfy { $0.isShared })
        #expect(kinds[0].kind == kinds[1].kind)
        #expect(Set(kinds.map(\.kind)).count == 3)
    }

    @Test func `the threshold is the smallest message that is compressed`() {
        let stream = StreamDeflate(DeflateParameters(), threshold: 100, pool: self.pool)
        let text = [UInt8](repeating: 0x61, count: 100)
        #expect(text.withUnsafeBytes { stream.frame(.text, $0) } != nil)
        #expect(text.dropLast().withUnsafeBytes { stream.frame(.text, $0) } == nil)
    }
}

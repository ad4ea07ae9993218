import NIOCore
import Testing
import WebSocketProtocol

@Suite struct FrameEncoderTests {
    private func written(_ write: (inout ByteBuffer) -> Void) -> [UInt8] {
        var buffer = ByteBuffer()
        write(&buffer)
        return Array(buffer.readableBytesView)
    }

    @Test func `the unmasked examples of the RFC`() {
        let hello = Array("Hello".utf8)
        hello.withUnsafeBytes { bytes in
            #expect(written { FrameEncoder.text(bytes, into: &$0) } == [0x81, 0x05] + hello)
            #expect(written { FrameEncoder.ping(bytes, into: &$0) } == [0x89, 0x05] + hello)
            #expect(written { FrameEncoder.pong(bytes, into: &$0) } == [0x8A, 0x05] + hello)
        }
        #expect(written { FrameEncoder.writeHeader(opcode: .text, length: 3, fin: false, into: &$0) } == [0x01, 0x03])
        #expect(written { FrameEncoder.writeHeader(opcode: .continuation, length: 2, into: &$0) } == [0x80, 0x02])
    }

    @Test(
        arguments: [
            (0, [0x82, 0]), (125, [0x82, 125]), (126, [0x82, 126, 0, 126]), (65_535, [0x82, 126, 255, 255]),
            (65_536, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] as [(Int, [UInt8])])
    func `lengths are minimal`(count: Int, header: [UInt8]) {
        let payload = [UInt8](repeating: 7, count: count)
        #expect(
            payload.withUnsafeBytes { bytes in written { FrameEncoder.binary(bytes, into: &$0) } } == header + payload)
        #expect(written { FrameEncoder.write(.binary, ByteBuffer(bytes: payload), into: &$0) } == header + payload)
        #expect(FrameEncoder.headerLength(payload: count) == header.count)
    }

    @Test func `close frames`() {
        #expect(written { FrameEncoder.close(code: nil, into: &$0) } == [0x88, 0])
        #expect(written { FrameEncoder.close(code: 1000, into: &$0) } == [0x88, 2, 0x03, 0xE8])
        #expect(
            written { FrameEncoder.close(code: 1001, reason: "é", into: &$0) } == [0x88, 4, 0x03, 0xE9, 0xC3, 0xA9])
        #expect(written { FrameEncoder.close(code: 1005, reason: "no", into: &$0) } == [0x88, 0])
    }

    @Test(arguments: 115...130)
    func `a long close reason is cut between two characters`(count: Int) {
        let reason = String(repeating: "a", count: count) + "😀é"
        let frame = written { FrameEncoder.close(code: 1000, reason: reason, into: &$0) }
        #expect(frame.count <= 2 + 125)
        #expect(Int(frame[1]) == frame.count - 2)
        let kept = String(validating: frame[4...], as: UTF8.self)
        #expect(kept.map(reason.hasPrefix) == true)
        #expect(frame.count >= 4 + min(reason.utf8.count, 120))
    }

    @Test func `a long ping payload is cut`() {
        let payload = [UInt8](repeating: 1, count: 200)
        #expect(payload.withUnsafeBytes { bytes in written { FrameEncoder.ping(bytes, into: &$0) } }.count == 127)
    }
}

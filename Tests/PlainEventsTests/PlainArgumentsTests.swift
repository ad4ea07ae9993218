import NIOCore
import Testing

@testable import PlainEvents

@Suite struct PlainArgumentsTests {
    private func placeholders(_ numbers: [Int]) -> [UInt8] {
        Array(numbers.map { #"{"_placeholder":true,"num":\#($0)}"# }.joined(separator: ",").utf8)
    }

    private func written(_ arguments: PlainArguments?) -> String? {
        arguments.map {
            var buffer = ByteBuffer()
            $0.write(into: &buffer)
            #expect(buffer.readableBytes == $0.byteCount)
            return String(buffer: buffer)
        }
    }

    @Test func `attachments stand where their placeholders were`() {
        let text =
            #""a",{"_placeholder":true,"num":1},[{"num":0,"_placeholder":true}],{"_placeholder":true,"num":9}"#
        let attachments = [ByteBuffer(bytes: [1, 2, 3]), ByteBuffer(bytes: [0xFF])]
        let wanted = #""a",{"base64":"/w=="},[{"base64":"AQID"}],{"_placeholder":true,"num":9}"#
        #expect(self.written(PlainArguments(Array(text.utf8), attachments: attachments)) == wanted)
        #expect(self.written(PlainArguments(ByteBuffer(string: text), attachments: attachments)) == wanted)
    }

    @Test func `arguments without attachments pass as they are, placeholders and all`() {
        let text = String(decoding: self.placeholders([0, 0]), as: UTF8.self) + " , 7"
        #expect(self.written(PlainArguments(Array(text.utf8))) == text)
        #expect(self.written(PlainArguments(ByteBuffer())) == "")
    }

    @Test func `an attachment may be named again as long as the repetitions stay within their limit`() {
        // 13 bytes around the 300,000 characters of 225,000 bytes.
        let attachment = ByteBuffer(repeating: 7, count: 225_000)
        let fits = PlainArguments(self.placeholders([0, 0, 0, 0]), attachments: [attachment])
        #expect(fits?.byteCount == 4 * 300_013 + 3)
        #expect(PlainArguments(self.placeholders([0, 0, 0, 0, 0]), attachments: [attachment]) == nil)
    }

    @Test func `attachments that are each named once are let through at any size that came in`() {
        let attachments = [ByteBuffer](repeating: ByteBuffer(repeating: 7, count: 300_000), count: 50)
        let arguments = PlainArguments(self.placeholders(Array(0..<50)), attachments: attachments)
        #expect(arguments?.byteCount == 50 * 400_013 + 49)
    }

    @Test func `a small event that names one attachment thousands of times costs nothing to refuse`() {
        // Written out it would be 11 GB, more than a buffer holds.
        let attachment = ByteBuffer(repeating: 7, count: 480_000)
        let numbers = [Int](repeating: 0, count: 17_000)
        #expect(PlainArguments(self.placeholders(numbers), attachments: [attachment]) == nil)
        #expect(
            PlainArguments(ByteBuffer(bytes: self.placeholders(numbers)), attachments: [attachment]) == nil)
    }
}

import JSONScanner
import NIOCore
import Testing

@testable import PlainEvents

@Suite struct PollAnswerTests {
    private func written(_ answer: PollAnswer, _ messages: [String]) -> String {
        var buffer = ByteBuffer()
        answer.write(messages.map { ByteBuffer(string: $0) }, into: &buffer)
        return String(buffer: buffer)
    }

    private let cursor = PollCursor(session: "s", place: .count(2), offset: "e.7")

    @Test func `an answer has its cursor and the messages, in order and byte for byte`() {
        #expect(self.written(PollAnswer(cursor: self.cursor), []) == #"{"cursor":"s.2.e.7","events":[]}"#)
        #expect(
            self.written(PollAnswer(cursor: self.cursor), [#"{"event":"a","args":[1]}"#, #"{"ack":1,"args":[]}"#])
                == #"{"cursor":"s.2.e.7","events":[{"event":"a","args":[1]},{"ack":1,"args":[]}]}"#)
    }

    @Test func `who comes back is told whether something is missing, and who is put out that it is`() {
        #expect(
            self.written(PollAnswer(cursor: self.cursor, recovered: false), [])
                == #"{"cursor":"s.2.e.7","recovered":false,"events":[]}"#)
        let last = PollAnswer(cursor: PollCursor(session: "s", place: .disconnected), isLast: true)
        #expect(self.written(last, ["1"]) == #"{"cursor":"s.disconnected","disconnected":true,"events":[1]}"#)
    }

    @Test func `it is JSON`() throws {
        let text = self.written(PollAnswer(cursor: self.cursor, recovered: true, isLast: true), ["{}", "[]"])
        try text.utf8.withContiguousStorageIfAvailable { try JSONScanner.validate(UnsafeRawBufferPointer($0)) }
    }
}

import Glibc
import Testing

@testable import Configuration
@testable import Gateway

@Suite struct LogWriterTests {
    private let settings = LogSettings(GatewayConfiguration.Log(level: .info, format: .text))

    /// A pipe: the writer's end, and a reader that may have stopped.
    private struct Pipe {
        let reading: CInt
        let writing: CInt

        init() {
            var ends: [CInt] = [0, 0]
            #expect(pipe(&ends) == 0)
            (reading, writing) = (ends[0], ends[1])
        }

        /// From here on every write waits for the reader.
        func fill() {
            let flags = fcntl(writing, F_GETFL)
            #expect(fcntl(writing, F_SETFL, flags | O_NONBLOCK) == 0)
            let block = Array(String(repeating: "-\n", count: 2_048).utf8)
            while write(writing, block, block.count) > 0 {}
            #expect(fcntl(writing, F_SETFL, flags) == 0)
        }

        /// The next lines, until `isEnough` says so of all of them.
        func lines(until isEnough: ([String]) -> Bool) -> [String] {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
                    .filter { $0 != "-" }
                if bytes.last == UInt8(ascii: "\n"), isEnough(lines) { return lines }
                let count = read(reading, &buffer, buffer.count)
                guard count > 0 else { return lines }
                bytes += buffer.prefix(count)
            }
        }
    }

    @Test func `lines come out whole and in their order`() {
        let pipe = Pipe()
        let writer = LogWriter(settings, descriptor: pipe.writing)
        for number in 0..<1_000 { writer.write(Array("line \(number)\n".utf8)) }
        let lines = pipe.lines { $0.count == 1_000 }
        #expect(lines == (0..<1_000).map { "line \($0)" })
        #expect(writer.flush(within: .seconds(60)))
        #expect(settings.droppedLines == 0)
    }

    @Test func `a reader that has stopped holds up nobody, and is told later what it has missed`() throws {
        let pipe = Pipe()
        pipe.fill()
        let writer = LogWriter(settings, descriptor: pipe.writing, maxBytes: 100_000)
        let line = String(repeating: "x", count: 94)
        for number in 10_000..<30_000 { writer.write(Array("\(number)\(line)\n".utf8)) }
        #expect(!writer.flush(within: .milliseconds(1)))
        #expect(settings.droppedLines == 19_000)
        let lines = pipe.lines { $0.count == 1_001 }
        #expect(lines.prefix(1_000) == ArraySlice((10_000..<11_000).map { "\($0)\(line)" }))
        #expect(try #require(lines.last).contains("warning 19000 log lines dropped"))
        // It goes on.
        writer.write(Array("again\n".utf8))
        #expect(pipe.lines { $0.last == "again" } == ["again"])
        #expect(writer.flush(within: .seconds(60)))
    }

    @Test func `the place of lines that were dropped is between those before and those after them`() {
        let pipe = Pipe()
        pipe.fill()
        let writer = LogWriter(settings, descriptor: pipe.writing, maxBytes: 100_000)
        let line = Array((String(repeating: "x", count: 999) + "\n").utf8)
        for _ in 0..<200 { writer.write(line) }
        #expect(settings.droppedLines == 100)
        // Somebody reads on: lines are taken again when half of the queue is free.
        var lines = pipe.lines { $0.count >= 20 }
        var (tried, before) = (0, settings.droppedLines)
        let deadline = ContinuousClock.now + .seconds(60)
        repeat {
            before = settings.droppedLines
            writer.write(Array("late\n".utf8))
            tried += 1
        } while settings.droppedLines > before && ContinuousClock.now < deadline
        lines += pipe.lines { $0.last == "late" }
        #expect(lines.firstIndex { $0.contains("log lines dropped") } == 100)
        #expect(lines.count == 102 && lines.last == "late")
        #expect(settings.droppedLines == UInt64(100 + tried - 1))
    }
}

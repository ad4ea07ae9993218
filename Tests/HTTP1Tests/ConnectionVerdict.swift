import HTTP1
import NIOCore
import Randomness
import Testing

/// What the bytes of a connection come to: the requests in them, and why it ended if it was refused.
struct ConnectionVerdict: Hashable, CustomStringConvertible {
    struct Request: Hashable {
        var method: String
        var target: String
        var path: String
        var isHTTP11: Bool
        var fields: [[String]]
        var framing: RequestHead.Body
        var flags: Set<Flag>
        var body: [UInt8] = []
        var isComplete = false
    }

    enum Flag: Hashable { case keepAlive, expectsContinue, isWebSocketUpgrade }

    var requests: [Request] = []
    var error: RequestError?
    /// What came after the head of an upgrade.
    var upgraded: [UInt8]?

    var status: Int? { error?.status }
    var description: String { "\(requests.suffix(2)) of \(requests.count), \(error.map { "\($0)" } ?? "no error")" }

    /// Feeds `bytes` in pieces of the sizes that `size` gives.
    init(_ bytes: [UInt8], limits: RequestParser.Limits, bodyLimit: Int?, size: () -> Int) {
        var parser = RequestParser(limits: limits)
        var input = ByteBuffer()
        var offset = 0
        while offset < bytes.count {
            let count = min(max(size(), 1), bytes.count - offset)
            input.writeBytes(bytes[offset..<(offset + count)])
            offset += count
            while upgraded == nil, take(&parser, &input, bodyLimit) {}
            if upgraded != nil { break }
        }
        if upgraded != nil { upgraded = Array(input.readableBytesView) + bytes[offset...] }
    }

    /// False when the parser needs more.
    private mutating func take(_ parser: inout RequestParser, _ input: inout ByteBuffer, _ bodyLimit: Int?) -> Bool {
        do {
            switch try parser.next(&input) {
            case nil: return false
            case .head(let head):
                requests.append(Request(head))
                if let bodyLimit { parser.limitBody(to: bodyLimit) }
            case .body(let data):
                if data.readableBytes == 0 { Issue.record("an empty piece of a body") }
                requests[requests.count - 1].body += Array(data.readableBytesView)
            case .end:
                requests[requests.count - 1].isComplete = true
                if requests.last?.flags.contains(.isWebSocketUpgrade) == true { upgraded = [] }
            }
        } catch {
            if self.error != nil { Issue.record("a second error") }
            self.error = error
        }
        return true
    }

    /// The verdict, whole, byte by byte and at random splits, which has to be the same.
    static func of(
        _ bytes: [UInt8], limits: RequestParser.Limits = .init(), bodyLimit: Int? = nil, rounds: Int = 6,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> ConnectionVerdict {
        let whole = ConnectionVerdict(bytes, limits: limits, bodyLimit: bodyLimit) { .max }
        let single = ConnectionVerdict(bytes, limits: limits, bodyLimit: bodyLimit) { 1 }
        #expect(single == whole, "byte by byte", sourceLocation: sourceLocation)
        for seed in 0..<UInt64(rounds) {
            var random = SeededRandom(seed: seed)
            let largest = [2, 5, 30, 300, 4_000][Int(seed % 5)]
            let split = ConnectionVerdict(bytes, limits: limits, bodyLimit: bodyLimit) {
                Int.random(in: 1...largest, using: &random)
            }
            #expect(split == whole, "seed \(seed)", sourceLocation: sourceLocation)
        }
        return whole
    }

    static func of(
        _ text: String, limits: RequestParser.Limits = .init(), bodyLimit: Int? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> ConnectionVerdict {
        of(Array(text.utf8), limits: limits, bodyLimit: bodyLimit, sourceLocation: sourceLocation)
    }

    /// The verdict on a request with these header lines, after a proper request line and host.
    static func ofFields(
        _ lines: String, method: String = "POST", version: String = "1.1", body: String = "",
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> ConnectionVerdict {
        of(
            "\(method) /x HTTP/\(version)\r\nHost: a\r\n\(lines)\r\n\r\n\(body)", sourceLocation: sourceLocation)
    }
}

extension ConnectionVerdict.Request {
    init(_ head: RequestHead) {
        method = head.method.name
        target = head.rawTarget
        path = head.path
        isHTTP11 = head.version == .http11
        fields = head.headers.map { [$0.name, $0.value] }
        framing = head.body
        flags = []
        if head.keepAlive { flags.insert(.keepAlive) }
        if head.expectsContinue { flags.insert(.expectsContinue) }
        if head.isWebSocketUpgrade { flags.insert(.isWebSocketUpgrade) }
    }
}

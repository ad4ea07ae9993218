import Foundation

/// A Socket.IO client over long-polling: lane 0 has the poll open, lane 1 posts.
package final class PollingDialogue: Dialogue {
    private static let maxBodyBytes = 16 << 20

    private let plan: LoadPlan
    private var packets: PacketReader
    private var sid: String?
    private var isPosting = false
    /// The lane's connection stands.
    private var isOpen = [false, false]
    private var leftover: [[UInt8]] = [[], []]
    /// Packets that wait for the post that is on its way.
    private var queue: [UInt8] = []

    package init(plan: LoadPlan) {
        self.plan = plan
        self.packets = PacketReader(namespace: plan.namespace)
        super.init(lanes: 2)
    }

    /// A request without its end: what depends on its body comes last.
    private func head(_ method: String, _ fields: String = "") -> [UInt8] {
        let own = "EIO=4&transport=polling" + (self.sid.map { "&sid=\($0)" } ?? "")
        let query = [self.plan.server.query, own].filter { !$0.isEmpty }.joined(separator: "&")
        var head = "\(method) \(self.plan.server.path)?\(query) HTTP/1.1\r\nHost: \(self.plan.server.authority)\r\n"
        for (name, value) in self.plan.headers { head += "\(name): \(value)\r\n" }
        return Array((head + fields).utf8)
    }

    /// The requests that are sent again and again; a post lacks its length.
    private lazy var poll = self.head("GET", "\r\n")
    private lazy var postHead = self.head("POST", "Content-Type: text/plain;charset=UTF-8\r\nContent-Length: ")

    package override func opened(lane: Int) {
        self.isOpen[lane] = true
        if lane == 0 { self.output[0] += self.head("GET", "\r\n") }
        self.post()
    }

    package override func receive(
        _ bytes: UnsafeRawBufferPointer, lane: Int, _ arrived: (Arrival) throws(LoadError) -> Void
    ) throws(LoadError) {
        guard !self.leftover[lane].isEmpty else { return try self.consume(bytes, lane: lane, arrived) }
        var all: [UInt8] = []
        swap(&all, &self.leftover[lane])
        all.append(contentsOf: bytes)
        var failure: LoadError?
        all.withUnsafeBytes { all in
            do throws(LoadError) { try self.consume(all, lane: lane, arrived) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func consume(
        _ bytes: UnsafeRawBufferPointer, lane: Int, _ arrived: (Arrival) throws(LoadError) -> Void
    ) throws(LoadError) {
        var rest = bytes
        while let used = try self.response(rest, lane: lane, arrived) {
            rest = UnsafeRawBufferPointer(rebasing: rest[used...])
        }
        if !rest.isEmpty { self.leftover[lane].append(contentsOf: rest) }
    }

    /// Handles the response at the start of `bytes`; returns its length, or `nil` when it is not all there.
    private func response(
        _ bytes: UnsafeRawBufferPointer, lane: Int, _ arrived: (Arrival) throws(LoadError) -> Void
    ) throws(LoadError) -> Int? {
        guard let start = try HTTPHead.end(of: bytes) else { return nil }
        let head = HTTPHead(bytes[..<start])
        guard head.status == 200 else { throw head.refusal(of: self.plan.server) }
        if let length = head.contentLength, length <= Self.maxBodyBytes {
            guard bytes.count - start >= length else { return nil }
            try self.body(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)]), lane: lane, arrived)
            return start + length
        }
        guard head["transfer-encoding"]?.lowercased() == "chunked" else {
            throw LoadError("HTTP \(head.status) without a length")
        }
        guard let (body, end) = try Self.chunks(in: bytes, from: start) else { return nil }
        var failure: LoadError?
        body.withUnsafeBytes { body in
            do throws(LoadError) { try self.body(body, lane: lane, arrived) } catch { failure = error }
        }
        if let failure { throw failure }
        return end
    }

    private func body(
        _ body: UnsafeRawBufferPointer, lane: Int, _ arrived: (Arrival) throws(LoadError) -> Void
    ) throws(LoadError) {
        guard lane == 0 else {
            self.isPosting = false
            return self.post()
        }
        // The next poll leaves before its answers do.
        if self.sid != nil { self.output[0] += self.poll }
        try self.payload(body, arrived)
        guard self.sid != nil else {
            throw LoadError("no Engine.IO handshake", advice: "does it speak Socket.IO at \(self.plan.server.path)?")
        }
    }

    /// A body in chunks, and where it ends; `nil` when it is not all there.
    private static func chunks(
        in bytes: UnsafeRawBufferPointer, from start: Int
    ) throws(LoadError) -> (body: [UInt8], end: Int)? {
        var body: [UInt8] = []
        var index = start
        while let end = bytes[index...].firstIndex(of: 10) {
            let digits = bytes[index..<end].prefix { $0 != UInt8(ascii: ";") && $0 != 13 }
            guard let length = Int(String(decoding: digits, as: UTF8.self), radix: 16),
                (0...Self.maxBodyBytes).contains(length), body.count + length <= Self.maxBodyBytes
            else { throw LoadError("a malformed chunk") }
            index = end + 1
            guard bytes.count - index >= length + 2 else { return nil }
            body.append(contentsOf: bytes[index..<(index + length)])
            index += length + 2
            if length == 0 { return (body, index) }
        }
        return nil
    }

    private func payload(
        _ body: UnsafeRawBufferPointer, _ arrived: (Arrival) throws(LoadError) -> Void
    ) throws(LoadError) {
        var rest = body
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x1E) ?? rest.count
            let packet = UnsafeRawBufferPointer(rebasing: rest[..<end])
            rest = UnsafeRawBufferPointer(rebasing: rest[min(end + 1, rest.count)...])
            guard !packet.isEmpty else { continue }
            switch try self.packets.read(packet) {
            case .opened(let sid):
                self.sid = sid
                self.output[0] += self.poll
                self.packets.connect.withUnsafeBytes { self.enqueue($0) }
            case .ready: try arrived(.ready)
            case .ping: [UInt8(ascii: "3")].withUnsafeBytes { self.enqueue($0) }
            case .message(let packet): try arrived(.message(packet))
            case .nothing: break
            }
        }
    }

    package override func send(_ message: UnsafeRawBufferPointer) {
        self.enqueue(message, type: UInt8(ascii: "4"))
    }

    private func enqueue(_ packet: UnsafeRawBufferPointer, type: UInt8? = nil) {
        if !self.queue.isEmpty { self.queue.append(0x1E) }
        if let type { self.queue.append(type) }
        self.queue.append(contentsOf: packet)
        self.post()
    }

    /// One post at a time: the protocol allows no more.
    private func post() {
        guard !self.isPosting, !self.queue.isEmpty, self.isOpen[1], self.sid != nil else { return }
        self.isPosting = true
        var post: [UInt8] = []
        swap(&post, &self.output[1])
        post += self.postHead
        post += String(self.queue.count).utf8
        post += [13, 10, 13, 10]
        post += self.queue
        swap(&post, &self.output[1])
        self.queue.removeAll(keepingCapacity: true)
    }
}

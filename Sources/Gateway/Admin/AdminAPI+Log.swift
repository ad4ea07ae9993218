import Bus
import JSONScanner

extension AdminAPI {
    /// Answers `GET /v1/log`: what clients that come back may be given, oldest first.
    func showLog(_ request: AdminRequest) async throws(AdminProblem) -> HTTPResponse {
        let namespace = try self.namespace(request)
        let limit = try request.pageLimit()
        var since: Offset?
        if let text = try request.value("since") {
            guard let offset = Offset(text) else { throw AdminProblem(400, "\"since\" is an offset of this log") }
            since = offset
        }
        let start = since.map { $0.epoch == namespace.epoch ? $0.sequence : 0 } ?? 0
        let isOfThisEpoch = since.map { $0.epoch == namespace.epoch } ?? true
        let read = namespace.withHistory { history, head in
            history.prune(now: .now)
            // One more than the page holds tells whether there is another one.
            return (entries: history.entries(after: start, limit: limit + 1), floor: history.floor, head: head)
        }
        guard let read else { throw AdminProblem(404, "no endpoint keeps a log of the namespace") }
        let page = read.entries.prefix(limit)
        return Self.json { writer in
            writer.member("head", Offset(epoch: namespace.epoch, sequence: read.head).text)
            // Whether nothing is missing between `since` and the first entry.
            writer.member("complete", isOfThisEpoch && (since == nil || start >= read.floor))
            writer.key("entries")
            writer.beginArray()
            for entry in page { entry.write(into: &writer, epoch: namespace.epoch) }
            writer.endArray()
            if read.entries.count > limit, let last = page.last {
                writer.member("next", Offset(epoch: namespace.epoch, sequence: last.sequence).text)
            }
        }
    }
}

extension HistoryEntry<Broadcast> {
    fileprivate func write(into writer: inout JSONWriter, epoch: Epoch) {
        writer.beginObject()
        writer.member("offset", Offset(epoch: epoch, sequence: self.sequence).text)
        switch self.content {
        case .event(let broadcast, _):
            guard case .event(let event) = broadcast.content else { break }
            writer.member("do", "emit")
            writer.member("event", event.name)
            writer.member("args", raw: [UInt8(ascii: "[")] + event.arguments + [UInt8(ascii: "]")])
            if !event.attachments.isEmpty { writer.member("attachments", event.attachments.count) }
        case .change(.join(let rooms)):
            writer.member("do", "join")
            Self.write("rooms", rooms, into: &writer)
        case .change(.leave(let rooms)):
            writer.member("do", "leave")
            Self.write("rooms", rooms, into: &writer)
        case .change(.state):
            // What is kept with a socket may be secret; that it changed is not.
            writer.member("do", "state")
        case .change(.end):
            writer.member("do", "disconnect")
        }
        writer.key("to")
        writer.beginObject()
        if self.target.all { writer.member("all", true) }
        Self.write("rooms", self.target.rooms, into: &writer)
        Self.write("users", self.target.users, into: &writer)
        Self.write("sockets", self.target.sockets, into: &writer)
        writer.endObject()
        writer.endObject()
    }

    private static func write(_ key: String, _ names: [String], into writer: inout JSONWriter) {
        guard !names.isEmpty else { return }
        writer.key(key)
        writer.beginArray()
        for name in names { writer.value(name) }
        writer.endArray()
    }
}

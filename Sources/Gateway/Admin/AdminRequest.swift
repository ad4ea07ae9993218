import HTTP1
import JSONScanner
import NIOCore

/// A request to the admin API that has been let in.
struct AdminRequest: Sendable {
    static let defaultPage = 100
    static let maxPage = 500

    let route: AdminRoute
    /// Those of the path, decoded.
    let parameters: [String]
    private let query: Query
    private let body: ByteBuffer
    /// The value of `Idempotency-Key`: whoever repeats it wants to have the thing done once.
    let idempotencyKey: String?

    init(_ admission: AdminGate.Admission, head: RequestHead, body: ByteBuffer) {
        self.route = admission.route
        self.parameters = admission.parameters
        self.query = head.query
        self.body = body
        self.idempotencyKey = head.headers.first("idempotency-key")
    }

    // MARK: - Query

    /// Nothing stands in the query that we would pass over in silence.
    func checkQuery() throws(AdminProblem) {
        guard self.route.checksQuery else { return }
        for (key, _) in self.query where !self.route.query.contains(where: { $0.name == key }) {
            let known = self.route.query.map(\.name).joined(separator: ", ")
            let hint = known.isEmpty ? "there are none here" : "known are \(known)"
            throw AdminProblem(400, "unknown parameter \"\(key.prefix(80))\" in the query; \(hint)")
        }
    }

    func value(_ key: String) throws(AdminProblem) -> String? {
        do throws(RequestError) {
            return try self.query.single(key)
        } catch {
            throw AdminProblem(400, "the parameter \"\(key)\" stands twice in the query")
        }
    }

    func flag(_ key: String) throws(AdminProblem) -> Bool {
        switch try self.value(key) {
        case nil, "false": return false
        case "true", "": return true
        default: throw AdminProblem(400, "the parameter \"\(key)\" is true or false")
        }
    }

    func pageLimit() throws(AdminProblem) -> Int {
        guard let text = try self.value("limit") else { return Self.defaultPage }
        guard let limit = Int(text), (1...Self.maxPage).contains(limit) else {
            throw AdminProblem(400, "the parameter \"limit\" is a number from 1 to \(Self.maxPage)")
        }
        return limit
    }

    // MARK: - Body

    var hasBody: Bool { self.body.readableBytes > 0 }

    /// The JSON of the body.
    func json() throws(AdminProblem) -> JSONNode {
        let bytes = Array(self.body.readableBytesView)
        guard !bytes.isEmpty else { throw AdminProblem(400, "the body is empty; it has to be JSON") }
        do throws(JSONError) {
            return try JSONDocument(bytes, maxNodes: 1_000_000).root
        } catch {
            if case .tooLarge = error { throw AdminProblem(413, "the body has too many values") }
            let place = JSONDocument.position(at: error.offset, in: bytes)
            throw AdminProblem(
                400, "the body is not JSON: \(error.reason) at line \(place.line), column \(place.column)")
        }
    }

    /// The JSON object of the body.
    func object() throws(AdminProblem) -> JSONNode {
        let node = try self.json()
        guard node.kind == .object else { throw AdminProblem(400, "the body has to be a JSON object") }
        return node
    }
}

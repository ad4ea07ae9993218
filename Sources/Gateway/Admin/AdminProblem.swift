/// Why a request to the admin API is not done, as its sender reads it (RFC 9457).
struct AdminProblem: Error, Sendable {
    /// Something in the body, by its JSON pointer.
    struct Detail: Hashable, Sendable {
        var pointer: String
        var detail: String
    }

    var status: Int
    var detail: String
    var errors: [Detail] = []
    var headers: [(name: String, value: String)] = []

    init(
        _ status: Int, _ detail: String, errors: [Detail] = [], headers: [(name: String, value: String)] = []
    ) {
        self.status = status
        self.detail = detail
        self.errors = errors
        self.headers = headers
    }

    /// The body has these faults.
    init(errors: [Detail]) {
        let count = errors.count == 1 ? "1 error" : "\(errors.count) errors"
        self.init(400, "the body has \(count); nothing was done", errors: errors)
    }

    static let noSuchPath = AdminProblem(404, "there is no such path")
    static let noSuchSocket = AdminProblem(404, "there is no such socket")

    var title: String {
        switch self.status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 503: "Service Unavailable"
        default: self.status < 500 ? "Refused" : "Failed"
        }
    }

    /// The body of the answer.
    var json: [UInt8] {
        ProblemWriter.write(
            status: self.status, title: self.title, detail: self.detail,
            errors: self.errors.map { ($0.pointer, $0.detail) })
    }

    var response: HTTPResponse {
        HTTPResponse(
            problem: self.status, title: self.title, detail: self.detail,
            errors: self.errors.map { ($0.pointer, $0.detail) }, headers: self.headers)
    }
}

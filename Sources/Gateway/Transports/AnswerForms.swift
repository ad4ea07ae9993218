import HTTP1

/// The heads of what nearly every request of a polling client is answered with, prepared once.
///
/// They depend on nothing but the page that asks, and on that only where pages of other origins may connect. Objects, because
/// each answer is handed one of them.
final class AnswerForms {
    final class Form {
        let headers: [(name: String, value: String)]
        /// Nil when a field cannot stand in a head: then the attempt to write it is what refuses it.
        let prepared: PreparedHead?

        fileprivate init(_ headers: [(name: String, value: String)]) {
            self.headers = headers
            self.prepared = try? PreparedHead(
                status: 200, headers: headers.map { ($0.name, $0.value) }, keepAlive: true)
        }
    }

    final class Page {
        let poll: Form
        let post: Form

        fileprivate init(_ crossOrigin: [(name: String, value: String)]) {
            self.poll = Form(AnswerForms.pollHeaders + crossOrigin)
            self.post = Form(AnswerForms.postHeaders + crossOrigin)
        }
    }

    /// Origins whose heads are kept: an application has a few, and who connects from more has them written anew.
    private static let maxPages = 16

    static let pollHeaders = [
        (name: "content-type", value: "text/plain; charset=UTF-8"), (name: "cache-control", value: "no-store"),
    ]
    private static let postHeaders = [
        (name: "content-type", value: "text/html"), (name: "cache-control", value: "no-store"),
    ]

    private let crossOrigin: CrossOrigin?
    /// For clients that are no pages, and for all where it makes no difference.
    private let common: Page
    private var pages: [String: Page] = [:]

    init(_ crossOrigin: CrossOrigin?) {
        self.crossOrigin = crossOrigin
        self.common = Page(crossOrigin?.fields(origin: nil) ?? [])
    }

    /// - Parameter origin: the `Origin` of the request; asked for only when it matters.
    func page(origin: @autoclosure () -> String?) -> Page {
        guard let crossOrigin = self.crossOrigin, crossOrigin.tellsOriginsApart, let origin = origin() else {
            return self.common
        }
        if let page = self.pages[origin] { return page }
        let page = Page(crossOrigin.fields(origin: origin))
        if self.pages.count < Self.maxPages { self.pages[origin] = page }
        return page
    }
}

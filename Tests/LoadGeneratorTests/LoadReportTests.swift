import Foundation
import Testing

@testable import LoadGenerator

@Suite struct LoadReportTests {
    private func report(
        lost: Int = 0, notSent: Int = 0, failures: [String: Int] = [:], disconnected: Int = 0,
        isInterrupted: Bool = false
    ) throws -> LoadReport {
        let server = try #require(ServerAddress("http://h"))
        return LoadReport(
            plan: LoadPlan(scenario: .fanout, server: server, dialect: .socketIO, transport: .webSocket), ready: 100,
            failures: failures, disconnected: disconnected, histogram: LatencyHistogram(), messages: 1_000, seconds: 2,
            lost: lost, notSent: notSent, outOfOrder: 0, server: nil, held: nil, own: nil, ownSeconds: 2,
            bytesPerConnection: nil, shortage: nil, isInterrupted: isInterrupted)
    }

    private func json(_ report: LoadReport) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
    }

    @Test func `everything came: no word of what did not`() throws {
        let report = try self.report()
        #expect(report.isClean)
        #expect(!report.lines.joined(separator: "\n").contains(#/LOST|NOT SENT|failed|interrupted/#))
        #expect(try self.json(report)["interrupted"] == nil)
    }

    @Test func `messages that did not leave are told, and make the run unclean`() throws {
        let report = try self.report(notSent: 7)
        #expect(!report.isClean)
        #expect(report.lines.contains { $0.hasSuffix("500 a second, 7 NOT SENT") })
        #expect(report.lines.contains { $0.hasPrefix("  not sent ") })
        #expect(try self.json(report)["notSent"] as? Int == 7)
    }

    @Test func `clients that were lost are told apart from those that never came in`() throws {
        let report = try self.report(lost: 3, failures: ["closed": 4, "HTTP 503": 6], disconnected: 4)
        let text = report.lines.joined(separator: "\n")
        #expect(text.contains("6 × HTTP 503\n  failed      4 × closed\n  of these    4 had been in"))
        #expect(text.contains("3 LOST"))
        let json = try self.json(report)
        #expect(json["disconnected"] as? Int == 4)
        #expect(json["failures"] as? [String: Int] == ["closed": 4, "HTTP 503": 6])
    }

    @Test func `many reasons are cut short, but all of them are counted`() throws {
        let report = try self.report(failures: Dictionary(uniqueKeysWithValues: (1...8).map { ("reason \($0)", $0) }))
        let failed = report.lines.filter { $0.hasPrefix("  failed") }
        #expect(failed.count == 6)
        #expect(failed.last?.contains("6 × for other reasons") == true)
    }

    @Test func `an end before its time is told`() throws {
        let report = try self.report(isInterrupted: true)
        #expect(report.lines.contains("  interrupted after 2.0 s of measuring"))
        #expect(try self.json(report)["interrupted"] as? Bool == true)
    }
}

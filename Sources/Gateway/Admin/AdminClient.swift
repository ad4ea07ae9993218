import AsyncHTTPClient
package import Configuration
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

/// The other end of the admin API: what the operator's commands talk to a running gateway with.
package struct AdminClient: Sendable {
    package struct Answer: Sendable {
        package var status: Int
        package var body: [UInt8]

        package var isSuccess: Bool { (200..<300).contains(self.status) }
    }

    /// Nobody answered.
    package struct Unreachable: Error {
        package let address: Address
        package let reason: String
    }

    /// Answers are pages; more than this is not ours.
    private static let maxAnswerBytes = 64 * 1_024 * 1_024
    private static let timeout: TimeAmount = .seconds(90)

    private let address: Address
    private let key: String?

    /// - Parameters:
    ///   - address: as the admin listener is configured; a wildcard is reached by loopback.
    ///   - key: for listeners that ask for one.
    package init(address: Address, key: String?) {
        self.address = address
        self.key = key
    }

    /// - Parameter path: escaped, with its query.
    package func send(
        _ method: String, _ path: String, json: [UInt8]? = nil
    ) async throws(Unreachable) -> Answer {
        guard let url = self.url(path) else {
            throw Unreachable(address: self.address, reason: "the address is none")
        }
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method)
        // The client would name the escaped path of the socket, which is no host.
        if case .unix = self.address { request.headers.add(name: "host", value: "localhost") }
        if let key { request.headers.add(name: "authorization", value: "Bearer \(key)") }
        if let json {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes(json)
        }
        var configuration = HTTPClient.Configuration()
        // Who asks wants to know that nobody is there, not to wait for somebody.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.timeout.connect = .seconds(5)
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result = await Self.execute(request, with: client)
        try? await client.shutdown()
        do {
            return try result.get()
        } catch {
            throw Unreachable(address: self.address, reason: Self.reason(error))
        }
    }

    private static func execute(_ request: HTTPClientRequest, with client: HTTPClient) async -> Result<
        Answer, any Error
    > {
        do {
            let response = try await client.execute(request, timeout: Self.timeout)
            let body = try await response.body.collect(upTo: Self.maxAnswerBytes)
            return .success(Answer(status: Int(response.status.code), body: Array(body.readableBytesView)))
        } catch {
            return .failure(error)
        }
    }

    private func url(_ path: String) -> String? {
        switch self.address {
        case .unix(let socket):
            // The socket's path takes the place of the host, so even its slashes are escaped.
            return socket.addingPercentEncoding(withAllowedCharacters: .alphanumerics).map {
                "http+unix://\($0)\(path)"
            }
        case .host(let host, let port):
            let target = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
            return "http://\(target.contains(":") ? "[\(target)]" : target):\(port)\(path)"
        }
    }

    private static let late: [HTTPClientError] = [.deadlineExceeded, .connectTimeout, .readTimeout]

    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError where error.errnoCode == ECONNREFUSED: return "connection refused"
        case let error as IOError where error.errnoCode == ENOENT: return "no such socket"
        case let error as IOError where error.errnoCode == EACCES: return "permission denied"
        case let error as HTTPClientError where Self.late.contains(error): return "no answer in time"
        case let error as NIOConnectionError:
            return error.connectionErrors.first.map { Self.reason($0.error) } ?? "the name does not resolve"
        default: return "\(error)"
        }
    }
}

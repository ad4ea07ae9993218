import AsyncHTTPClient
import NIOCore
import NIOSSL

/// Fetches an issuer's key set once.
///
/// Whoever controls the answer decides who may come in: no redirect is followed, nothing is inflated, and plain HTTP is for
/// loopback only, which the configuration sees to.
struct KeySetDownload {
    /// No key set is near this size.
    static let maxBytes = 262_144
    /// For all of it: name, TLS, head and body.
    static let limit: Duration = .seconds(10)

    enum Failure: Error, CustomStringConvertible {
        case status(UInt)
        case tooLate

        var description: String {
            switch self {
            case .status(let code): "status \(code)"
            case .tooLate: "not complete within \(KeySetDownload.limit)"
            }
        }
    }

    private let url: String

    init(_ url: String) {
        self.url = url
    }

    /// The body of a 200.
    func run() async throws -> [UInt8] {
        // One fetch in ten minutes: nothing is worth keeping until the next.
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Self.configuration)
        let result: Result<[UInt8], any Error>
        do {
            result = .success(try await self.download(with: client))
        } catch {
            result = .failure(error)
        }
        try? await client.shutdown()
        return try result.get()
    }

    private func download(with client: HTTPClient) async throws -> [UInt8] {
        try await withThrowingTaskGroup(of: [UInt8].self) { group in
            group.addTask {
                var request = HTTPClientRequest(url: self.url)
                request.headers.add(name: "accept", value: "application/jwk-set+json, application/json")
                let response = try await client.execute(request, timeout: TimeAmount(Self.limit))
                guard response.status == .ok else { throw Failure.status(response.status.code) }
                return Array(try await response.body.collect(upTo: Self.maxBytes).readableBytesView)
            }
            // A body that trickles in is over with the rest.
            group.addTask {
                try await Task.sleep(for: Self.limit)
                throw Failure.tooLate
            }
            defer { group.cancelAll() }
            return try await group.next() ?? []
        }
    }

    private static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.timeout.connect = TimeAmount(Self.limit)
        configuration.connectionPool.retryConnectionEstablishment = false
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        configuration.tlsConfiguration = tls
        return configuration
    }
}

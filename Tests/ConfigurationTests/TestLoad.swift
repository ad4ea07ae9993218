@testable import Configuration

/// A document loaded without touching the machine.
struct TestLoad {
    let result: Result<GatewayConfiguration, ConfigurationErrors>

    /// - Parameter files: Contents by absolute path; the document itself is in `/etc/gatehouse`.
    init(
        _ document: String, file: String? = "gateway.json", environment: [String: String] = [:],
        overrides: [String] = [], files: [String: String] = [:]
    ) {
        let fixed = ["HOSTNAME": "n1", "SECRET": "s3cr3t", "PORT": "99"]
        result = ConfigurationLoader.load(
            file: file, bytes: Array(document.utf8), directory: "/etc/gatehouse",
            environment: fixed.merging(environment) { $1 }, overrides: overrides,
            readFile: { files[$0].map { Array($0.utf8) } })
    }

    func get() throws -> GatewayConfiguration { try result.get() }

    var errors: [String] {
        if case .failure(let errors) = result { errors.all.map(\.description) } else { [] }
    }
}

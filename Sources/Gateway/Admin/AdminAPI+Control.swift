import JSONScanner

extension AdminAPI {
    /// Answers `POST /v1/config/reload`.
    func reload() async throws(AdminProblem) -> HTTPResponse {
        switch await (try self.control()).reload() {
        case .done(let generation):
            return Self.json { writer in
                writer.member("result", "success")
                writer.member("generation", generation)
            }
        case .refused(let problems):
            throw AdminProblem(
                422, "the configuration was not reloaded, the old one stays in use",
                errors: problems.map { .init(pointer: "", detail: $0) })
        }
    }

    /// Answers `GET /v1/drain`.
    func drainStatus() async throws(AdminProblem) -> HTTPResponse {
        Self.json(await (try self.control()).drainStatus())
    }

    /// Answers `POST /v1/drain`.
    ///
    /// 202: it goes on after the answer, and `GET` tells how far it is.
    func startDrain() async throws(AdminProblem) -> HTTPResponse {
        let control = try self.control()
        await control.startDrain()
        return Self.json(await control.drainStatus(), status: 202)
    }

    /// Answers `DELETE /v1/drain`.
    func takeBackDrain() async throws(AdminProblem) -> HTTPResponse {
        let control = try self.control()
        guard await control.takeBackDrain() else {
            throw AdminProblem(409, "the process is about to end, which cannot be taken back")
        }
        return Self.json(await control.drainStatus())
    }

    private func control() throws(AdminProblem) -> GatewayControl {
        guard let control = self.core.control else { throw AdminProblem(503, "the gateway is starting or stopping") }
        return control
    }

    private static func json(_ status: GatewayControl.DrainStatus, status code: Int = 200) -> HTTPResponse {
        self.json(code) { writer in
            writer.member("state", status.stage.name)
            writer.member("connections", status.connections)
            writer.member("sessions", status.sessions)
            writer.member("remaining", status.remaining)
        }
    }
}

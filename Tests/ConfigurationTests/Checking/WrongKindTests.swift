import JSONScanner
import Testing

@testable import Configuration

@Suite struct WrongKindTests {
    private static let replacements = ["null", "true", "-1", #""${env:SECRET}""#, "[{}]", #"{"a":1}"#]

    @Test func `any value anywhere may be of any kind: it is read or refused, and refused with a place`() throws {
        let document = Setting(try JSONDocument(Options.defaultDocument()).root)
        var refused = 0
        for path in Self.paths(in: document) {
            for replacement in Self.replacements {
                let changed = Self.replacing(document, path[...], by: Setting.builtIn(replacement))
                let result = TestLoad(changed.json).result
                guard case .failure(let errors) = result else { continue }
                refused += 1
                #expect(!errors.all.isEmpty)
                #expect(errors.all.filter { $0.message.contains("s3cr3t") } == [])
            }
        }
        #expect(refused > 300)
    }

    @Test func `variables and overrides may meet any document`() {
        for value in Self.replacements {
            for key in ["listeners", "endpoints", "handlers", "routes", "limits", "admin"] {
                _ =
                    TestLoad(
                        "{\"\(key)\":\(value)}",
                        environment: [
                            "GATEHOUSE_LISTENERS_0_ADDRESS": value, "GATEHOUSE_ENDPOINTS_0_CORS_ORIGIN": value,
                            "GATEHOUSE_LIMITS_MAX_CONNECTIONS": value, "GATEHOUSE_": value,
                        ],
                        overrides: [
                            "\(key)=\(value)", "\(key).0=\(value)", "\(key).0.name=\(value)", "\(key).a.b.c=\(value)",
                            "=", ".=", "a",
                            "", "\(key).=\(value)", "routes.0.match=\(value)",
                        ]
                    ).errors
            }
        }
    }

    private static func paths(in setting: Setting) -> [[String]] {
        let inner: [(String, Setting)]
        switch setting.content {
        case .array(let elements): inner = elements.enumerated().map { ("\($0)", $1) }
        case .object(let members): inner = members.map { ($0.key, $0.value) }
        default: inner = []
        }
        return [[]] + inner.flatMap { key, value in paths(in: value).map { [key] + $0 } }
    }

    private static func replacing(_ setting: Setting, _ path: ArraySlice<String>, by value: Setting) -> Setting {
        guard let key = path.first else { return value }
        var setting = setting
        switch setting.content {
        case .array(var elements):
            guard let index = Int(key) else { return setting }
            elements[index] = replacing(elements[index], path.dropFirst(), by: value)
            setting.content = .array(elements)
        case .object(var members):
            guard let index = members.firstIndex(where: { $0.key == key }) else { return setting }
            members[index].value = replacing(members[index].value, path.dropFirst(), by: value)
            setting.content = .object(members)
        default: break
        }
        return setting
    }
}

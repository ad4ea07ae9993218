internal import JSONScanner

/// The problems found so far, by the place where the value was written.
struct Problems: Sendable {
    private struct Problem: Hashable, Sendable {
        var place: Place
        var pointer: String
        var message: String
    }

    private var found: [Problem] = []

    var isEmpty: Bool { found.isEmpty }

    /// Whether there is a problem about exactly this value.
    func contains(_ place: Place, _ pointer: String) -> Bool {
        found.contains { $0.place == place && $0.pointer == pointer }
    }

    mutating func add(_ place: Place, _ pointer: String, _ message: String) {
        found.append(Problem(place: place, pointer: pointer, message: message))
    }

    /// Sorted, with lines and columns of the file.
    func located(file: String, bytes: [UInt8]) -> ConfigurationErrors {
        var seen: Set<Problem> = []
        let unique = found.filter { seen.insert($0).inserted }
        let sorted = unique.enumerated().sorted { a, b in
            let (left, right) = (Self.order(of: a.element.place), Self.order(of: b.element.place))
            return left == right ? a.offset < b.offset : left < right
        }
        return ConfigurationErrors(
            all: sorted.map { _, problem in
                let location: ConfigurationError.Location
                switch problem.place {
                case .file(let offset):
                    let (line, column) = JSONDocument.position(at: offset, in: bytes)
                    location = .file(file, line: line, column: column)
                case .builtIn: location = .file(file, line: 1, column: 1)
                case .environment(let name): location = .environment(name)
                case .override(let key): location = .override(key)
                }
                return ConfigurationError(location: location, pointer: problem.pointer, message: problem.message)
            })
    }

    private static func order(of place: Place) -> (Int, Int, String) {
        switch place {
        case .builtIn: (0, 0, "")
        case .file(let offset): (0, offset, "")
        case .environment(let name): (1, 0, name)
        // In the order of the command line.
        case .override: (2, 0, "")
        }
    }
}

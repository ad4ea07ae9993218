extension Options {
    /// What the names of the environment variables begin with.
    static let environmentPrefix = "GATEHOUSE_"

    /// Variables with this prefix that are no options: the file's path, the key of the operator's commands, and the seeds of the simulator.
    static let foreignVariables: Set<String> = [
        "GATEHOUSE_CONFIG", "GATEHOUSE_ADMIN_KEY", "GATEHOUSE_SIM_SEED", "GATEHOUSE_SIM_SEEDS",
    ]

    /// The variable of an option: `limits.maxConnections` is `GATEHOUSE_LIMITS_MAX_CONNECTIONS`.
    ///
    /// In a list the position stands between, in a map the name: `GATEHOUSE_LISTENERS_0_ADDRESS`.
    package static func environmentName(of path: some Sequence<String>) -> String {
        environmentPrefix + path.map(variablePart).joined(separator: "_")
    }

    /// One key of a path, in capitals: `maxConnectionsPerIP` is `MAX_CONNECTIONS_PER_IP`.
    static func variablePart(_ key: String) -> String {
        let characters = Array(key)
        var part = ""
        for (index, character) in characters.enumerated() {
            let before = index > 0 ? characters[index - 1] : nil
            let after = index + 1 < characters.count ? characters[index + 1] : nil
            if character.isUppercase, let before {
                let endsWord = before.isLowercase || before.isNumber
                let beginsWord = before.isUppercase && (after?.isLowercase ?? false)
                if endsWord || beginsWord { part += "_" }
            }
            part += character.isLetter || character.isNumber ? character.uppercased() : "_"
        }
        return part
    }
}

/// What a handler changes in the state that is kept with a socket: first `unset`, then `set`.
package struct StateChange: Sendable {
    /// By key, each a JSON value as it was written.
    package var set: [(key: String, json: [UInt8])]
    package var unset: [String]

    package init(set: [(key: String, json: [UInt8])] = [], unset: [String] = []) {
        self.set = set
        self.unset = unset
    }

    package var isEmpty: Bool { unset.isEmpty && set.isEmpty }
}

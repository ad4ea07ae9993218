/// JSON Pointer, RFC 6901: `/handlers/0/url`.
package enum JSONPointer {
    /// One reference token: `~` as `~0`, `/` as `~1`.
    package static func escape(_ key: String) -> String {
        var escaped = ""
        for scalar in key.unicodeScalars {
            switch scalar {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

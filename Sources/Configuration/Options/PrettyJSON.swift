internal import JSONScanner

/// Lays JSON out for people: four spaces, short lists on one line.
struct PrettyJSON {
    static func text(_ setting: Setting) -> String {
        var text = ""
        append(setting, to: &text, indent: "")
        return text + "\n"
    }

    private static func append(_ setting: Setting, to text: inout String, indent: String) {
        let inner = indent + "    "
        switch setting.content {
        case .array(let elements) where elements.contains { $0.members?.isEmpty == false }:
            text += "["
            for (index, element) in elements.enumerated() {
                text += index == 0 ? "\n\(inner)" : ",\n\(inner)"
                append(element, to: &text, indent: inner)
            }
            text += "\n\(indent)]"
        case .array(let elements):
            text += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { text += ", " }
                append(element, to: &text, indent: inner)
            }
            text += "]"
        case .object(let members) where !members.isEmpty:
            text += "{"
            for (index, member) in members.enumerated() {
                text += index == 0 ? "\n\(inner)" : ",\n\(inner)"
                text += String(decoding: JSONWriter.quoted(member.key), as: UTF8.self) + ": "
                append(member.value, to: &text, indent: inner)
            }
            text += "\n\(indent)}"
        default: text += setting.json
        }
    }
}

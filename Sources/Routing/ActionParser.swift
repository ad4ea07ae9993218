package import JSONScanner

/// Reads lists of actions: all problems at once, each with its JSON pointer.
package enum ActionParser {
    /// Literal actions: a handler's answer, the admin API, a command inbox.
    ///
    /// Braces are text here.
    ///
    /// `"self"` in a list of sockets becomes `selfSocketID`; when that is nil, there is no `"self"` and no `"others"`.
    package static func parse(
        _ list: JSONNode, pointer: String, selfSocketID: String?
    ) -> Result<[Action], ActionErrors> {
        var reader = ActionReader(mode: .literal(selfSocketID: selfSocketID))
        let templates = reader.list(list, pointer)
        guard reader.errors.isEmpty else { return .failure(ActionErrors(reader.errors)) }
        var actions: [Action] = []
        for template in templates {
            do throws(TemplateError) {
                actions.append(try template.render(NoSource()))
            } catch {
                let problem = ActionError(pointer: error.pointer, message: error.message, range: list.range)
                return .failure(ActionErrors([problem]))
            }
        }
        return .success(actions)
    }

    /// One literal action, as `POST /v1/emit` takes it.
    package static func parse(
        action node: JSONNode, pointer: String, selfSocketID: String?
    ) -> Result<Action, ActionErrors> {
        var reader = ActionReader(mode: .literal(selfSocketID: selfSocketID))
        let template = reader.action(node, pointer)
        guard let template, reader.errors.isEmpty else { return .failure(ActionErrors(reader.errors)) }
        do throws(TemplateError) {
            return .success(try template.render(NoSource()))
        } catch {
            return .failure(
                ActionErrors([ActionError(pointer: error.pointer, message: error.message, range: node.range)]))
        }
    }

    /// The actions of a route, with templates.
    package static func compile(_ list: JSONNode, pointer: String) -> Result<[ActionTemplate], ActionErrors> {
        var reader = ActionReader(mode: .template)
        let templates = reader.list(list, pointer)
        guard reader.errors.isEmpty else { return .failure(ActionErrors(reader.errors)) }
        return .success(templates)
    }
}

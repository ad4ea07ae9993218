/// Values of the schema, made rather than read.
extension Setting {
    init(text: String) { self.init(.string(text), place: .builtIn) }
    init(number: Int) { self.init(.number("\(number)"), place: .builtIn) }
    init(_ elements: [Setting]) { self.init(.array(elements), place: .builtIn) }
    init(object members: [(String, Setting)]) {
        self.init(.object(members.map { .init(key: $0.0, keyPlace: .builtIn, value: $0.1) }), place: .builtIn)
    }
}

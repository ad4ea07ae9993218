import ArgumentParser
import JSONScanner

struct Version: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Prints the version.")

    @Flag(help: "As JSON.")
    var json = false

    func run() {
        guard self.json else { return print("gatehouse \(Gatehouse.version)") }
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("version", Gatehouse.version)
        writer.endObject()
        print(writer.string)
    }
}

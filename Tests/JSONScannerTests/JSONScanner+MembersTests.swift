import Testing

@testable import JSONScanner

@Suite struct JSONScannerMembersTests {
    private func members(_ text: String, depthLimit: Int = 64) throws(JSONError) -> [String] {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { bytes -> Result<[String], JSONError> in
            var found: [String] = []
            do throws(JSONError) {
                try JSONScanner.members(of: bytes, depthLimit: depthLimit) { key, escaped, value in
                    let name = String(decoding: bytes[key], as: UTF8.self)
                    found.append("\(name)\(escaped ? "!" : "")=\(String(decoding: bytes[value], as: UTF8.self))")
                }
            } catch {
                return .failure(error)
            }
            return .success(found)
        }
        return try result.get()
    }

    @Test func `members of the top level are handed out in order`() throws {
        #expect(
            try self.members(#" { "a" : [1, {"b":2}] , "a":"x", "c\n":{} } "#) == [
                #"a=[1, {"b":2}]"#, #"a="x""#, #"c\n!={}"#,
            ])
        #expect(try self.members("{}").isEmpty)
    }

    @Test(arguments: [
        ("", JSONError.unexpectedEnd(at: 0)), ("[1]", .unexpectedByte(at: 0)), ("{", .unexpectedEnd(at: 1)),
        (#"{"a"}"#, .unexpectedByte(at: 4)), (#"{"a":1,}"#, .unexpectedByte(at: 7)),
        (#"{"a":1]"#, .unexpectedByte(at: 6)),
        (#"{"a":1}x"#, .trailingBytes(at: 7)), ("{1:2}", .unexpectedByte(at: 1)),
    ])
    func `anything but one object is an error with its place`(text: String, error: JSONError) {
        #expect(throws: error) { try self.members(text) }
    }

    @Test func `depth counts from the object on`() throws {
        #expect(try self.members(#"{"a":[[]]}"#, depthLimit: 3) == ["a=[[]]"])
        #expect(throws: JSONError.tooDeep(at: 6)) { try self.members(#"{"a":[[]]}"#, depthLimit: 2) }
    }
}

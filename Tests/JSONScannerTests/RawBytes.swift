import JSONScanner

/// A copy of the bytes in memory of exactly their size, so that a sanitizer sees any read past the end.
func withRawBytes<Result>(_ bytes: some Sequence<UInt8>, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
{
    let array = Array(bytes)
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: array.count, alignment: 1)
    defer { memory.deallocate() }
    memory.copyBytes(from: array)
    return try body(UnsafeRawBufferPointer(memory))
}

/// Why the bytes are refused; nil when they are accepted.
func rejection(_ bytes: some Sequence<UInt8>, depthLimit: Int = 64) -> JSONError? {
    withRawBytes(bytes) { raw in
        do throws(JSONError) {
            try JSONScanner.validate(raw, depthLimit: depthLimit)
            return nil
        } catch {
            return error
        }
    }
}

func event(_ text: String, depthLimit: Int = 64) -> Result<EventArray, JSONError> {
    withRawBytes(text.utf8) { raw in
        do throws(JSONError) {
            return .success(try JSONScanner.event(raw, depthLimit: depthLimit))
        } catch {
            return .failure(error)
        }
    }
}

func slice(_ text: String, _ range: Range<Int>) -> String {
    String(decoding: Array(text.utf8)[range], as: UTF8.self)
}

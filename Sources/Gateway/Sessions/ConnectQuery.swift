import Bus
import HTTP1
import JSONScanner
import NIOCore

/// The query that a Socket.IO 2 client puts behind the name of a namespace: what its successors send as a payload.
enum ConnectQuery {
    /// Parameters that are looked at; applications use a handful.
    private static let parameterLimit = 64

    /// The parameters as a JSON object of strings; of one that comes twice the last counts, as in the reference server.
    static func json(_ query: UnsafeRawBufferPointer) -> [UInt8] {
        var parameters: [(key: String, value: String)] = []
        for pair in Query(bytes: ByteBuffer(bytes: query)).prefix(Self.parameterLimit) {
            if let known = parameters.firstIndex(where: { $0.key.isExactly(pair.key) }) { parameters.remove(at: known) }
            parameters.append(pair)
        }
        var json = JSONWriter(reservingCapacity: query.count + 16)
        json.beginObject()
        for (key, value) in parameters { json.member(key, value) }
        json.endObject()
        return json.bytes
    }
}

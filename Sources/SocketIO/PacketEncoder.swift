internal import JSONScanner
package import struct NIOCore.ByteBuffer

/// Appends the packets that a server sends.
///
/// Socket.IO protocols 4 and 5, "Packet encoding".
///
/// Writes the Socket.IO packet alone, without the Engine.IO digit before it. Attachments travel as messages of their
/// own after it: the caller sends them, and has numbered their placeholders from 0. A namespace is written as people
/// write it; `/` and the empty string are the root, which is left out.
package enum PacketEncoder {
    /// `0{"sid":"…","pid":"…"}`, in revision 4 `0`: the client is in the namespace.
    ///
    /// `pid` when it may recover its session.
    package static func connectReply(
        namespace: String, sid: String, pid: String? = nil, revision: ProtocolRevision = .five,
        into buffer: inout ByteBuffer
    ) {
        begin(.connect, namespace, into: &buffer)
        guard revision == .five else { return }
        var json = JSONWriter(reservingCapacity: 96)
        json.beginObject()
        json.member("sid", sid)
        if let pid { json.member("pid", pid) }
        json.endObject()
        buffer.writeBytes(json.bytes)
    }

    /// `4{"message":"…","data":…}`: the client is not let into the namespace.
    ///
    /// `data` is one JSON value. In revision 4 it stands in the place of the whole, or else the message does: `4"…"`.
    package static func connectError(
        namespace: String, message: String, data: [UInt8]? = nil, revision: ProtocolRevision = .five,
        into buffer: inout ByteBuffer
    ) {
        begin(.connectError, namespace, into: &buffer)
        guard revision == .five else {
            buffer.writeBytes(data ?? JSONWriter.quoted(message))
            return
        }
        var json = JSONWriter(reservingCapacity: 64)
        json.beginObject()
        json.member("message", message)
        if let data { json.member("data", raw: data) }
        json.endObject()
        buffer.writeBytes(json.bytes)
    }

    /// `1`: the client has been put out of the namespace, and stock clients do not come back by themselves.
    package static func disconnect(namespace: String, into buffer: inout ByteBuffer) {
        begin(.disconnect, namespace, into: &buffer)
    }

    /// `2["name",…]`, or `5<n>-["name",…]` with attachments.
    ///
    /// - Parameters:
    ///   - nameJSON: The name as JSON, with its quotes.
    ///   - arguments: Comma-separated JSON values, written as they are; empty for none.
    ///   - offset: Appended as the last argument, for recovery; see "Connection state recovery" of the protocol.
    package static func event(
        namespace: String, nameJSON: UnsafeRawBufferPointer, arguments: UnsafeRawBufferPointer,
        offset: String? = nil, ackID: UInt64? = nil, attachmentCount: Int = 0, into buffer: inout ByteBuffer
    ) {
        let offset = offset.map(JSONWriter.quoted) ?? []
        let size = nameJSON.count + arguments.count + offset.count
        array(.event, namespace, ackID, attachmentCount, size, into: &buffer) { text in
            text.append(nameJSON)
            if !arguments.isEmpty {
                text.append(UInt8(ascii: ","))
                text.append(arguments)
            }
            if !offset.isEmpty {
                text.append(UInt8(ascii: ","))
                offset.withUnsafeBytes { text.append($0) }
            }
        }
    }

    /// The same with a name that is not JSON yet.
    package static func event(
        namespace: String, name: String, arguments: UnsafeRawBufferPointer,
        offset: String? = nil, ackID: UInt64? = nil, attachmentCount: Int = 0, into buffer: inout ByteBuffer
    ) {
        JSONWriter.quoted(name).withUnsafeBytes {
            event(
                namespace: namespace, nameJSON: $0, arguments: arguments, offset: offset, ackID: ackID,
                attachmentCount: attachmentCount, into: &buffer)
        }
    }

    package static func event(
        namespace: String, name: String, arguments: [UInt8],
        offset: String? = nil, ackID: UInt64? = nil, attachmentCount: Int = 0, into buffer: inout ByteBuffer
    ) {
        arguments.withUnsafeBytes {
            event(
                namespace: namespace, name: name, arguments: $0, offset: offset, ackID: ackID,
                attachmentCount: attachmentCount, into: &buffer)
        }
    }

    /// `3<id>[…]`, or `6<n>-<id>[…]` with attachments.
    ///
    /// Comma-separated JSON values: `null` and none are different.
    package static func ack(
        namespace: String, id: UInt64, arguments: UnsafeRawBufferPointer, attachmentCount: Int = 0,
        into buffer: inout ByteBuffer
    ) {
        array(.ack, namespace, id, attachmentCount, arguments.count, into: &buffer) { $0.append(arguments) }
    }

    package static func ack(
        namespace: String, id: UInt64, arguments: [UInt8], attachmentCount: Int = 0, into buffer: inout ByteBuffer
    ) {
        arguments.withUnsafeBytes {
            ack(namespace: namespace, id: id, arguments: $0, attachmentCount: attachmentCount, into: &buffer)
        }
    }
}

extension PacketEncoder {
    private static func begin(_ kind: PacketKind, _ namespace: String, into buffer: inout ByteBuffer) {
        buffer.writeInteger(kind.digit)
        guard !isRoot(namespace) else { return }
        buffer.writeString(namespace)
        buffer.writeInteger(UInt8(ascii: ","))
    }

    private static func isRoot(_ namespace: String) -> Bool { namespace.isEmpty || namespace == "/" }

    /// An event or an ack, written in one go; `contents` appends up to `size` bytes and two commas.
    @inline(__always)
    private static func array(
        _ kind: PacketKind, _ namespace: String, _ id: UInt64?, _ attachmentCount: Int, _ size: Int,
        into buffer: inout ByteBuffer, contents: (inout MeasuredText) -> Void
    ) {
        // Type, attachments, id, brackets and commas: 1 + 20 + 1 + 1 + 20 + 2 + 2.
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size + namespace.utf8.count + 47) { memory in
            var text = MeasuredText(memory)
            if attachmentCount > 0 {
                text.append(kind == .ack ? PacketKind.binaryAck.digit : PacketKind.binaryEvent.digit)
                text.append(decimal: UInt64(attachmentCount))
                text.append(UInt8(ascii: "-"))
            } else {
                text.append(kind.digit)
            }
            if !isRoot(namespace) {
                text.append(namespace)
                text.append(UInt8(ascii: ","))
            }
            if let id { text.append(decimal: id) }
            text.append(UInt8(ascii: "["))
            contents(&text)
            text.append(UInt8(ascii: "]"))
            return text.count
        }
    }
}

/// Fills memory that was measured beforehand.
///
/// A wrong measure is our own mistake and traps.
private struct MeasuredText {
    private let memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ memory: UnsafeMutableRawBufferPointer) {
        self.memory = memory
    }

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        precondition(count < memory.count)
        memory[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= memory.count - count)
        guard !bytes.isEmpty else { return }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    mutating func append(_ string: String) {
        var string = string
        string.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    mutating func append(decimal number: UInt64) {
        var divisor: UInt64 = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
    }
}

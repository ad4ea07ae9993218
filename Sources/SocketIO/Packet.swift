package import JSONScanner
package import struct NIOCore.ByteBuffer

/// One decoded packet of a client, seen as slices of what was received.
///
/// The pointers of a packet without attachments are valid while the text given to the decoder is; those of a packet
/// with attachments until the next call of its decoder. Attachments are owned.
package struct Packet {
    /// The binary forms are folded into ``event`` and ``ack``: see ``attachments``.
    package enum Kind: Hashable, Sendable { case connect, disconnect, event, ack }

    package var kind: Kind
    /// The path without a query; the root namespace is always empty here, also when it was sent as `/`.
    package var namespace: UnsafeRawBufferPointer
    /// Always there on an ack, never on CONNECT and DISCONNECT.
    ///
    /// At most 2^53.
    package var ackID: UInt64?
    /// Validated JSON: an object or nothing on CONNECT, an array on event and ack, nothing on DISCONNECT.
    ///
    /// On a CONNECT of revision 4 the query of its namespace, as it came.
    package var payload: UnsafeRawBufferPointer
    /// Name and arguments of an event, as ranges of ``payload``; not meaningful on CONNECT and DISCONNECT.
    package var array: EventArray
    /// In the order of their numbers; each is named by at least one placeholder in ``payload``.
    package var attachments: [ByteBuffer]
}

extension Packet {
    package var isRootNamespace: Bool { namespace.isEmpty }

    /// The namespace as people write it: `/` or `/chat`.
    package var namespaceName: String {
        isRootNamespace ? "/" : String(decoding: namespace, as: UTF8.self)
    }

    /// The event's arguments: comma-separated JSON values, possibly none.
    package var arguments: UnsafeRawBufferPointer { slice(array.arguments) }

    /// What stands between the brackets of an ack's array, as a range of ``payload``.
    package var ackArguments: Range<Int> {
        guard kind == .ack else { return 0..<0 }
        return 1..<max(1, array.arguments.upperBound)
    }

    package var ackArgumentCount: Int {
        kind != .ack || array.name == .missing ? 0 : array.argumentCount + 1
    }

    /// The bytes of the event's name, without quotes and with escapes as they were sent; a number as its digits.
    package var rawEventName: UnsafeRawBufferPointer {
        switch array.name {
        case .string(let range, _), .number(let range): slice(range)
        case .other, .missing: slice(0..<0)
        }
    }

    /// The decoded name of the event.
    package var eventName: String {
        guard case .string(_, escaped: true) = array.name else { return String(decoding: rawEventName, as: UTF8.self) }
        return JSONScanner.decodeString(rawEventName)
    }

    private func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: payload[range])
    }
}

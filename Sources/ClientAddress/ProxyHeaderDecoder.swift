/// Reads the header of the PROXY protocol, version 1 or 2, from the start of a connection.
///
/// HAProxy, `doc/proxy-protocol.txt`, the receiver's side. Bytes come as the network cuts them.
package struct ProxyHeaderDecoder: Sendable {
    package enum Result: Hashable, Sendable {
        /// All bytes were taken; the header goes on.
        case needMore
        /// `consumed` of the bytes of this call belong to the header; those after them are the client's.
        case done(ProxyHeader, consumed: Int)
        /// The connection is to be closed without an answer.
        case invalid(ProxyHeaderError)
    }

    /// The longest block after the fixed 16 bytes of version 2.
    ///
    /// The specification expects receivers to take 536 bytes or more; 4 KiB leaves room for a client certificate's
    /// subject and for a cloud's own extensions.
    package static let blockLimit = 4096

    private enum State: Sendable {
        case reading
        case finished
        case failed(ProxyHeaderError)
    }

    private var state = State.reading
    /// What came of the header so far; never longer than one header.
    private var received: [UInt8] = []

    package init() {}

    /// - Parameter bytes: those that follow on the last call's. Not kept after the call.
    package mutating func decode(_ bytes: UnsafeRawBufferPointer) -> Result {
        switch state {
        case .finished: return .invalid(.alreadyDecoded)
        case .failed(let error): return .invalid(error)
        case .reading: break
        }
        do throws(ProxyHeaderError) {
            return try read(bytes)
        } catch {
            state = .failed(error)
            received = []
            return .invalid(error)
        }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) throws(ProxyHeaderError) -> Result {
        var taken = 0
        while true {
            let missing: Int
            switch try progress() {
            case .complete(let header):
                state = .finished
                received = []
                return .done(header, consumed: taken)
            case .needs(let count): missing = count
            }
            guard taken < bytes.count else { return .needMore }
            let end = taken + min(missing, bytes.count - taken)
            received.append(contentsOf: bytes[taken..<end])
            taken = end
        }
    }

    private enum Progress {
        /// At least so many bytes are still to come, so taking that many never takes one of the client's.
        case needs(Int)
        case complete(ProxyHeader)
    }

    private func progress() throws(ProxyHeaderError) -> Progress {
        switch received.first {
        case nil: return .needs(1)
        case ProxyBlock.signature[0]: return try blockProgress()
        default: return try lineProgress()
        }
    }

    private func lineProgress() throws(ProxyHeaderError) -> Progress {
        let start = ProxyLine.start
        guard received.starts(with: start.prefix(received.count)) else { throw .missing }
        guard received.count >= start.count else { return .needs(start.count - received.count) }
        if received.last == UInt8(ascii: "\n") {
            return .complete(try ProxyLine.header(received[...]))
        }
        // A bare CR cannot become the end of the line any more.
        if received.dropLast().last == UInt8(ascii: "\r") { throw .malformedLine }
        guard received.count < ProxyLine.lengthLimit else { throw .tooLong }
        return .needs(1)
    }

    private func blockProgress() throws(ProxyHeaderError) -> Progress {
        let signature = ProxyBlock.signature
        let seen = min(received.count, signature.count)
        guard received[..<seen].elementsEqual(signature[..<seen]) else { throw .missing }
        guard received.count >= ProxyBlock.fixedLength else { return .needs(ProxyBlock.fixedLength - received.count) }
        let length = Int(received[14]) << 8 | Int(received[15])
        guard length <= Self.blockLimit else { throw .tooLong }
        let total = ProxyBlock.fixedLength + length
        guard received.count >= total else { return .needs(total - received.count) }
        return .complete(try ProxyBlock.header(received))
    }
}

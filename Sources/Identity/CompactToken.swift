internal import JSONScanner

/// The three parts of a signed token, taken apart and not yet believed.
///
/// RFC 7515 section 7.1 (compact serialization).
struct CompactToken {
    let algorithm: String
    let keyID: String?
    /// What is signed: header, dot and payload as they were sent.
    let signingInput: ArraySlice<UInt8>
    let payload: ArraySlice<UInt8>
    let signature: [UInt8]

    init(_ token: [UInt8]) throws(TokenError) {
        let dot = UInt8(ascii: ".")
        let parts = token.split(separator: dot, maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = Base64URL.decode(parts[0]),
            let signature = Base64URL.decode(parts[2])
        else { throw .malformed }
        let header = try Self.object(headerBytes, depthLimit: 8, maxNodes: 64)
        // No extension is understood here, and RFC 7797's `b64` would change what is signed.
        guard header["crit"] == nil, header["b64"] == nil else { throw .critical }
        guard let algorithm = header["alg"]?.string else { throw .malformed }
        if let id = header["kid"], id.string == nil { throw .malformed }
        self.algorithm = algorithm
        keyID = header["kid"]?.string
        signingInput = token[..<parts[1].endIndex]
        payload = parts[1]
        self.signature = signature
    }

    /// A JSON object without doubled members, of which two readers might take different ones.
    static func object(_ bytes: [UInt8], depthLimit: Int, maxNodes: Int) throws(TokenError) -> JSONNode {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(bytes, depthLimit: depthLimit, maxNodes: maxNodes)
        } catch {
            throw .malformed
        }
        guard document.root.kind == .object else { throw .malformed }
        var names: Set<[UInt8]> = []
        for member in document.root.members where !names.insert(Array(member.key.utf8)).inserted {
            throw .malformed
        }
        return document.root
    }
}

import COpenSSL
import Glibc

/// The keys of session tickets: several nodes that share them resume each other's sessions.
///
/// The first key seals new tickets, all of them open old ones: put a new key in front on every node, and drop the last one
/// when tickets of its time have expired. A key is ``keySize`` random bytes: name (16), MAC key (32), cipher key (32).
package struct TicketKeys: Hashable, Sendable {
    package static let keySize = 80
    /// With more the oldest have been out of use for weeks.
    package static let maximum = 16

    /// Newest first, each of ``keySize`` bytes; never empty.
    package let keys: [[UInt8]]

    package init(_ keys: [[UInt8]]) throws(TLSContextError) {
        for key in keys where key.count != Self.keySize {
            throw .badTicketKeys(path: nil, byteCount: key.count)
        }
        guard (1...Self.maximum).contains(keys.count) else {
            throw .badTicketKeys(path: nil, byteCount: keys.count * Self.keySize)
        }
        self.keys = keys
    }

    /// The keys in a file: one after the other, newest first.
    package init(contentsOf path: String) throws(TLSContextError) {
        guard let file = fopen(path, "r") else {
            throw .unreadable(path: path, why: String(cString: strerror(errno)))
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: Self.keySize * Self.maximum + 1)
        let count = fread(&bytes, 1, bytes.count, file)
        guard count > 0, count < bytes.count, count % Self.keySize == 0 else {
            throw .badTicketKeys(path: path, byteCount: count)
        }
        self.keys = stride(from: 0, to: count, by: Self.keySize).map { Array(bytes[$0..<$0 + Self.keySize]) }
    }

    /// One new random key.
    package static func random() throws(TLSContextError) -> TicketKeys {
        var key = [UInt8](repeating: 0, count: self.keySize)
        guard RAND_bytes(&key, Int32(key.count)) == 1 else { throw .openSSL(why: ErrorQueue.drain().text) }
        return try TicketKeys([key])
    }

    /// Random, the same for every context of this process, so that a reload keeps tickets valid.
    static func ofProcess() throws(TLSContextError) -> TicketKeys { try self.processKeys.get() }

    private static let processKeys = Result<TicketKeys, TLSContextError> { () throws(TLSContextError) in
        try TicketKeys.random()
    }
}

/// Seals and opens session tickets: AES-256-CBC and HMAC-SHA-256, RFC 5077 section 4.
final class TicketSealer {
    private let keys: TicketKeys
    // Fetched once: to look a cipher up for each ticket takes OpenSSL 3 longer than to use it.
    private let cipher: OpaquePointer

    init(_ keys: TicketKeys) throws(TLSContextError) {
        guard let cipher = EVP_CIPHER_fetch(nil, "AES-256-CBC", nil) else {
            throw .openSSL(why: ErrorQueue.drain().text)
        }
        self.keys = keys
        self.cipher = cipher
    }

    deinit { EVP_CIPHER_free(self.cipher) }

    /// What `SSL_CTX_set_tlsext_ticket_key_evp_cb` asks of its callback.
    ///
    /// `name` has 16 bytes, `iv` at least 16.
    ///
    /// Returns 1 to go on, 2 to go on and issue a new ticket, 0 for an unknown key, -1 for an error.
    func prepare(
        name: UnsafeMutablePointer<UInt8>, iv: UnsafeMutablePointer<UInt8>, cipher context: OpaquePointer,
        mac: OpaquePointer, sealing: Bool
    ) -> Int32 {
        if sealing {
            guard let key = self.keys.keys.first, RAND_bytes(iv, EVP_CIPHER_get_iv_length(self.cipher)) == 1 else {
                return -1
            }
            return key.withUnsafeBufferPointer { key in
                guard let base = key.baseAddress else { return -1 }
                name.update(from: base, count: 16)
                guard EVP_EncryptInit_ex2(context, self.cipher, base + 48, iv, nil) == 1 else { return -1 }
                return gatehouse_ticket_mac(mac, base + 16, 32) == 1 ? 1 : -1
            }
        }
        let wanted = UnsafeBufferPointer(start: name, count: 16)
        guard let index = self.keys.keys.firstIndex(where: { $0.prefix(16).elementsEqual(wanted) }) else { return 0 }
        return self.keys.keys[index].withUnsafeBufferPointer { key in
            guard let base = key.baseAddress, gatehouse_ticket_mac(mac, base + 16, 32) == 1,
                EVP_DecryptInit_ex2(context, self.cipher, base + 48, iv, nil) == 1
            else { return -1 }
            return index == 0 ? 1 : 2
        }
    }
}

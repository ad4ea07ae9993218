import COpenSSL

/// The `BIO` through which OpenSSL reads and writes a ``RecordWindow``.
///
/// A memory BIO would copy every byte once more and keep its buffers for as long as the connection lives.
enum WindowBIO {
    /// A new BIO over `window`, which has to outlive it.
    static func make(_ window: UnsafeMutablePointer<RecordWindow>) -> OpaquePointer? {
        guard let method, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, window)
        return bio
    }

    // Written once, before its first use, and only read afterwards.
    private nonisolated(unsafe) static let method: OpaquePointer? = {
        guard let method = BIO_meth_new(gatehouse_bio_source_sink_type(), "record window") else { return nil }
        BIO_meth_set_read_ex(method) { bio, destination, capacity, count in
            gatehouse_bio_clear_flags(bio)
            guard let window = WindowBIO.window(of: bio), let destination else { return -1 }
            let read = window.pointee.read(into: destination, capacity: capacity)
            count?.pointee = read
            guard read > 0 else {
                gatehouse_bio_ask_again(bio)
                return -1
            }
            return 1
        }
        BIO_meth_set_write_ex(method) { bio, source, length, count in
            gatehouse_bio_clear_flags(bio)
            guard let window = WindowBIO.window(of: bio) else { return -1 }
            guard window.pointee.write(UnsafeRawBufferPointer(start: source, count: length)) else { return -1 }
            count?.pointee = length
            return 1
        }
        BIO_meth_set_ctrl(method) { _, command, _, _ in
            // Nothing is held back, so a flush has always been done; nothing else is supported.
            command == BIO_CTRL_FLUSH ? 1 : 0
        }
        return method
    }()

    private static func window(of bio: OpaquePointer?) -> UnsafeMutablePointer<RecordWindow>? {
        BIO_get_data(bio)?.assumingMemoryBound(to: RecordWindow.self)
    }
}

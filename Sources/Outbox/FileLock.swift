internal import Glibc

/// Keeps other processes away from a file, by a lock on another one beside it; until it is released.
final class FileLock {
    private let descriptor: Int32

    init(path: String) throws(StoreError) {
        let descriptor = open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw .inaccessible(path: path, reason: "\(path).lock: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw .inUse(path: path)
        }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}

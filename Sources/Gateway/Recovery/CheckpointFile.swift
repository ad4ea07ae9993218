import Bus
import Crypto
import Foundation
import Logging
import NIOCore

/// The file that a ``Checkpoint`` lies in between two runs: whole, or not there.
///
/// `magic, version, length of the content (8 bytes), content, SHA-256 of all before`. Written beside its place and moved
/// there when it is safely on the disk; read once: it says what was true at the moment of a stop, and nothing afterwards.
struct CheckpointFile: Sendable {
    private static let magic = Array("gatehouse log 2\n".utf8)
    private static let headLength = magic.count + 8

    let path: String
    let logger: Logger

    // MARK: - At the stop

    func write(_ checkpoint: Checkpoint) {
        let content = CheckpointWriter(checkpoint).buffer
        var file = ByteBuffer()
        file.writeBytes(Self.magic)
        file.writeInteger(UInt64(content.readableBytes))
        file.writeImmutableBuffer(content)
        file.writeBytes(Self.checksum(of: file))
        do throws(FileFailure) {
            try self.store(file)
            self.logger.info(
                "checkpoint written",
                metadata: [
                    "path": "\(self.path)", "bytes": "\(file.readableBytes)",
                    "sessions": "\(checkpoint.sessions.count)",
                ])
        } catch {
            self.logger.error("checkpoint not written, clients will begin anew: \(self.path): \(error.what)")
        }
    }

    private static func checksum(of bytes: ByteBuffer) -> SHA256.Digest {
        var hash = SHA256()
        bytes.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        return hash.finalize()
    }

    private struct FileFailure: Error {
        var what: String

        init(_ step: String) { self.what = "\(step): \(String(cString: strerror(errno)))" }
    }

    private func store(_ file: ByteBuffer) throws(FileFailure) {
        let temporary = self.path + ".tmp"
        // What clients were sent is nobody else's business.
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw FileFailure("open") }
        var failure: FileFailure?
        file.withUnsafeReadableBytes { bytes in
            var written = 0
            while written < bytes.count, failure == nil {
                let count = Foundation.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
                if count > 0 { written += count } else if errno != EINTR { failure = FileFailure("write") }
            }
        }
        if failure == nil, fsync(descriptor) != 0 { failure = FileFailure("fsync") }
        close(descriptor)
        if failure == nil, rename(temporary, self.path) != 0 { failure = FileFailure("rename") }
        if let failure {
            unlink(temporary)
            throw failure
        }
        self.syncDirectory()
    }

    /// The new name is on the disk as well.
    private func syncDirectory() {
        let directory = URL(fileURLWithPath: self.path).deletingLastPathComponent().path
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    // MARK: - At the start

    /// Throws ``StartupError`` when nothing could be written at the stop.
    func checkPlace() throws(StartupError) {
        let directory = URL(fileURLWithPath: self.path).deletingLastPathComponent().path
        var isDirectory: ObjCBool = false
        let problem: String
        if !FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) || !isDirectory.boolValue {
            problem = "the directory \(directory) does not exist"
        } else if access(directory, W_OK | X_OK) != 0 {
            problem = "the directory \(directory) is not writable: \(String(cString: strerror(errno)))"
        } else if FileManager.default.fileExists(atPath: self.path, isDirectory: &isDirectory), isDirectory.boolValue {
            problem = "it is a directory"
        } else {
            return
        }
        throw StartupError("history.checkpoint: \(self.path): \(problem) (make it, or name a file elsewhere)")
    }

    /// What the file says; nil when there is none that can be believed.
    ///
    /// Whoever uses it calls ``putAside()`` before anything changes: a start that fails leaves it to the next one.
    func read(limits: HistoryLimits) -> Checkpoint? {
        guard FileManager.default.fileExists(atPath: self.path) else { return nil }
        guard let data = FileManager.default.contents(atPath: self.path) else {
            self.quarantine("cannot be read")
            return nil
        }
        guard let checkpoint = Self.checkpoint(in: ByteBuffer(bytes: data), limits: limits) else {
            self.quarantine("is torn or no checkpoint")
            return nil
        }
        self.logger.info(
            "checkpoint read", metadata: ["path": "\(self.path)", "sessions": "\(checkpoint.sessions.count)"])
        return checkpoint
    }

    /// It is never read again: were it there after a crash, clients would be told that they missed nothing of what came
    /// after it.
    ///
    /// Throws ``StartupError`` when it stays there.
    func putAside() throws(StartupError) {
        guard rename(self.path, self.path + ".consumed") == 0 else {
            throw StartupError(
                """
                history.checkpoint: \(self.path) cannot be put aside: \(String(cString: strerror(errno))) \
                (mend the rights of its directory, or delete it: clients begin anew then)
                """)
        }
        self.syncDirectory()
    }

    private func quarantine(_ problem: String) {
        let place = self.path + ".quarantined"
        let moved = rename(self.path, place) == 0
        self.logger.error(
            "checkpoint \(problem), clients begin anew: \(self.path)\(moved ? " was moved to \(place)" : "")")
    }

    static func checkpoint(in file: ByteBuffer, limits: HistoryLimits) -> Checkpoint? {
        var file = file
        let whole = file
        guard file.readBytes(length: self.magic.count) == self.magic,
            let length = file.readInteger(as: UInt64.self).flatMap(Int.init(exactly:)),
            length == file.readableBytes - SHA256.byteCount, let content = file.readSlice(length: length),
            let signed = whole.getSlice(at: whole.readerIndex, length: self.headLength + length),
            Self.checksum(of: signed).elementsEqual(file.readableBytesView)
        else { return nil }
        return try? CheckpointReader.read(content, limits: limits)
    }
}

extension FrameDecoder {
    /// What one message may cost.
    ///
    /// Every decoder holds one, so it is kept small: no number goes beyond 2^31.
    package struct Limits: Hashable, Sendable {
        private var messageSize: UInt32
        private var fragments: UInt32
        private var averageFragmentSize: UInt32

        /// True once permessage-deflate was negotiated.
        ///
        /// RSV1 is then legal on the first frame of a message, and the payload of such a message is handed out as it
        /// is, its UTF-8 unchecked.
        package var allowsCompression: Bool

        package init(
            maxMessageSize: Int = 1_000_000, maxFragments: Int = 1_024, minAverageFragmentSize: Int = 64,
            allowsCompression: Bool = false
        ) {
            messageSize = Self.bounded(maxMessageSize)
            fragments = Self.bounded(maxFragments)
            averageFragmentSize = Self.bounded(minAverageFragmentSize)
            self.allowsCompression = allowsCompression
        }

        /// Bytes of one message, all fragments together.
        package var maxMessageSize: Int {
            get { Int(messageSize) }
            set { messageSize = Self.bounded(newValue) }
        }

        /// Bytes of one compressed message, before it is inflated.
        ///
        /// What cannot be compressed grows a little, by five bytes a block (RFC 1951 section 3.2.4), and the smallest
        /// blocks of zlib's deflate have 127 bytes: a message that is allowed must not become too big by compression.
        var maxCompressedSize: Int { maxMessageSize + maxMessageSize / 16 + 64 }

        /// A message may have more fragments than this only if they are not tiny on average.
        package var maxFragments: Int {
            get { Int(fragments) }
            set { fragments = Self.bounded(newValue) }
        }

        /// Bytes; see ``maxFragments``.
        ///
        /// Keeps a flood of one-byte or empty fragments from being worth sending.
        package var minAverageFragmentSize: Int {
            get { Int(averageFragmentSize) }
            set { averageFragmentSize = Self.bounded(newValue) }
        }

        private static func bounded(_ number: Int) -> UInt32 { UInt32(max(0, min(number, 1 << 31))) }
    }
}

extension RequestParser {
    /// What one request may cost before anybody has looked at it.
    package struct Limits: Hashable, Sendable {
        /// Bytes of the request target; longer is 414.
        ///
        /// What browsers and proxies agree on.
        package var maxURI: Int
        /// Bytes of all header lines with their line ends; longer is 431.
        package var maxHeaderBlock: Int
        /// Header fields; more is 431.
        package var maxFields: Int
        /// Bytes of one header line; longer is 431.
        package var maxField: Int
        /// Bytes of one chunk's extensions, with their semicolon; longer is 400.
        package var maxChunkExtension: Int
        /// Hexadecimal digits of a chunk's size; more is 400.
        package var maxChunkDigits: Int
        /// Bytes of what chunk lines hold beyond a modest share of the data, over one body; more is 400.
        ///
        /// A body of one-byte chunks, each with an extension, costs far more than it carries.
        package var maxChunkOverhead: Int
        /// Bytes of the trailer section; longer is 400.
        package var maxTrailers: Int
        /// Bytes of a body, unless ``limitBody(to:)`` says otherwise for a request; longer is 413.
        package var maxBody: Int

        package init(
            maxURI: Int = 8_192, maxHeaderBlock: Int = 32_768, maxFields: Int = 100, maxField: Int = 8_192,
            maxChunkExtension: Int = 256, maxChunkDigits: Int = 8, maxChunkOverhead: Int = 16_384,
            maxTrailers: Int = 4_096, maxBody: Int = 1_000_000
        ) {
            // Far above anything sensible, and low enough that sums of them cannot overflow.
            func bounded(_ number: Int) -> Int { max(0, min(number, 1 << 30)) }
            self.maxURI = bounded(maxURI)
            self.maxHeaderBlock = bounded(maxHeaderBlock)
            self.maxFields = bounded(maxFields)
            self.maxField = bounded(maxField)
            self.maxChunkExtension = bounded(maxChunkExtension)
            self.maxChunkDigits = min(bounded(maxChunkDigits), 15)
            self.maxChunkOverhead = bounded(maxChunkOverhead)
            self.maxTrailers = bounded(maxTrailers)
            self.maxBody = max(0, maxBody)
        }

        /// The longest method that is read: longer than any registered one.
        static let maxMethod = 32
    }
}

import Foundation

/// A part of a path between two slashes.
enum PathSegment {
    /// The text that it stands for, percent-decoded once; nil when that is not UTF-8.
    static func decode(_ part: Substring) -> String? {
        part.utf8.contains(UInt8(ascii: "%")) ? part.removingPercentEncoding : String(part)
    }
}

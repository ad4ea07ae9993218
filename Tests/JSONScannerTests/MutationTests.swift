import Foundation
import JSONScanner
import Randomness
import Testing

/// Random damage to valid texts: nothing traps, and what is accepted is what Foundation accepts.
@Suite struct MutationTests {
    private static let seeds = [
        #"["chat",{"room":"lobby","n":[1,-2.5e+3,0.1],"ok":true,"no":false,"nil":null},"x\u00e9\n\"\\é😀"]"#,
        #"{"a":{"b":{"c":[[],{},[{}]]}},"d":"","e":"12345678","f":1234567890123}"#,
        #"[0,-0,1e5,"\ud83d\ude00","éèê","a\tb"]"#,
        " [ 1 , \"two\" , { \"three\" : [ ] } ] ",
        "\"only a string\"", "-12.75e-3", "true",
    ]

    private static let bytes =
        Array("[]{}\",:\\0123456789-+.eEtfnu ax/\n\u{0}\u{1F}\u{7F}".utf8) + [0x80, 0xC3, 0xE2, 0xED, 0xF0, 0xFF]

    private func mutate(_ text: [UInt8], _ generator: inout SeededRandom) -> [UInt8] {
        var text = text
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let at = Int.random(in: 0...text.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0 where at < text.count: text.remove(at: at)
            case 1 where at < text.count: text[at] = Self.bytes.randomElement(using: &generator) ?? 0
            case 2: text.insert(Self.bytes.randomElement(using: &generator) ?? 0, at: at)
            case 3: text.removeSubrange(at..<min(text.count, at + Int.random(in: 0..<6, using: &generator)))
            default:
                let from = Int.random(in: 0...text.count, using: &generator)
                let piece = Array(text[from..<min(text.count, from + 8)])
                text.insert(contentsOf: piece, at: at)
            }
        }
        return text
    }

    /// Foundation is asked only where it and RFC 8259 agree.
    private func isComparable(_ text: [UInt8], accepted: Bool) -> Bool {
        // It skips a byte order mark, guesses UTF-16 and UTF-32 from NULs, and stops at a NUL.
        guard !text.contains(0), !text.starts(with: [0xEF, 0xBB, 0xBF]), text.first != 0xFF, text.first != 0xFE else {
            return false
        }
        let dense = text.filter { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }
        let pairs = zip(dense, dense.dropFirst())
        // It refuses numbers that no double holds, and lone surrogates; it lets a comma stand before a bracket.
        return accepted
            ? !pairs.contains { ($0 >= 0x30 && $0 <= 0x39 && $1 | 0x20 == 0x65) || ($0 == 0x75 && $1 | 0x20 == 0x64) }
            : !pairs.contains { $0 == UInt8(ascii: ",") && ($1 == UInt8(ascii: "]") || $1 == UInt8(ascii: "}")) }
    }

    @Test func `a mutated text is accepted exactly when Foundation accepts it`() {
        let seed: UInt64 = 0x6A73_6F6E
        var generator = SeededRandom(seed: seed)
        var accepted = 0
        for round in 0..<40_000 {
            let original = Array((Self.seeds.randomElement(using: &generator) ?? "").utf8)
            let text = mutate(original, &generator)
            let isAccepted = rejection(text) == nil
            accepted += isAccepted ? 1 : 0

            // Every other way in agrees with `validate`.
            #expect((try? JSONDocument(text)) != nil ? isAccepted : !isAccepted, "seed \(seed), round \(round)")
            withRawBytes(text) { raw in
                let isArray = (try? JSONScanner.event(raw)) != nil
                let first = text.first { ![0x20, 0x0A, 0x0D, 0x09].contains($0) }
                #expect(isArray == (isAccepted && first == UInt8(ascii: "[")), "seed \(seed), round \(round)")
                _ = JSONScanner.placeholders(in: raw)
                _ = JSONScanner.decodeString(raw)
                for range in JSONScanner.elements(of: raw) { #expect(rejection(text[range]) == nil) }
            }

            guard isComparable(text, accepted: isAccepted) else { continue }
            let theirs = (try? JSONSerialization.jsonObject(with: Data(text), options: .fragmentsAllowed)) != nil
            #expect(
                isAccepted == theirs,
                "seed \(seed), round \(round): \(String(decoding: text, as: UTF8.self).debugDescription)")
        }
        #expect(accepted > 1_000)
    }
}

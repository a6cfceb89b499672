import OpenCLRuntime
import Testing

@Suite
struct ProgramCacheEntryTests {
    let key = ProgramKey(parts: [("driver", "1.0"), ("source", "kernel void f() {}")])
    let payload: [UInt8] = (0..<97).map { UInt8(truncatingIfNeeded: $0 &* 37) }

    @Test("What was encoded is decoded")
    func roundTrip() throws {
        let entry = ProgramCacheEntry.encode(payload, for: key)
        #expect(try ProgramCacheEntry.payload(of: entry, for: key).get() == payload)
    }

    @Test("An entry with any one bit changed, anywhere, is rejected")
    func everyFlip() {
        let entry = ProgramCacheEntry.encode(payload, for: key)
        for index in entry.indices {
            for bit in 0..<8 {
                var damaged = entry
                damaged[index] ^= 1 << UInt8(bit)
                if case .success = ProgramCacheEntry.payload(of: damaged, for: key) {
                    Issue.record("bit \(bit) of byte \(index) may change unseen")
                }
            }
        }
    }

    @Test("An entry cut short or continued, at any length, is rejected")
    func everyLength() {
        let entry = ProgramCacheEntry.encode(payload, for: key)
        for length in 0..<entry.count {
            if case .success = ProgramCacheEntry.payload(of: Array(entry[..<length]), for: key) {
                Issue.record("an entry of \(entry.count) bytes cut to \(length) passes")
            }
        }
        #expect(ProgramCacheEntry.payload(of: entry + [0], for: key) == .failure(.wrongLength))
    }

    @Test("Lengths that overflow are rejected")
    func hugeLengths() {
        let entry = ProgramCacheEntry.encode(payload, for: key)
        for field in [16, 24] {
            var damaged = entry
            damaged.replaceSubrange(field..<(field + 8), with: [UInt8](repeating: 0xFF, count: 8))
            #expect(ProgramCacheEntry.payload(of: damaged, for: key) == .failure(.wrongLength))
        }
    }

    @Test("An entry of another key is rejected, even of one with the same length or a shifted boundary")
    func otherKeys() {
        let entry = ProgramCacheEntry.encode(payload, for: key)
        for other in [
            ProgramKey(parts: [("driver", "1.1"), ("source", "kernel void f() {}")]),
            ProgramKey(parts: [("driver", "1."), ("source", "0kernel void f() {}")]),
            ProgramKey(parts: [("source", "kernel void f() {}")]),
        ] {
            #expect(other.fileName != key.fileName)
            let answer = ProgramCacheEntry.payload(of: entry, for: other)
            #expect(answer == .failure(.otherKey))
        }
    }

    @Test(
        "The hash is FNV-1a as published",
        arguments: [("", 0xcbf2_9ce4_8422_2325), ("a", 0xaf63_dc4c_8601_ec8c), ("foobar", 0x8594_4171_f739_67e8)]
            as [(String, UInt64)])
    func publishedHashes(text: String, expected: UInt64) {
        var hash = FNV1a()
        hash.combine(text.utf8)
        #expect(hash.value == expected)
    }
}

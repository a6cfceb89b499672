import ModelHub
import Testing

@Suite("digests")
struct DigestTests {
    private func hash(_ algorithm: Digest.Algorithm, _ text: String, pieces: Int) -> String {
        var digest = Digest(algorithm)
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            digest.update(Array(bytes[start..<min(start + pieces, bytes.count)]))
        }
        return digest.finish()
    }

    @Test(
        "as many letters a, in pieces of any length", arguments: [1, 3, 63, 64, 65, 1000],
        [
            (
                0, "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            ),
            (
                55, "c1c8bbdc22796e28c0e15163d20899b65621d65a",
                "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"
            ),
            (
                56, "c2db330f6083854c99d4b5bfb6e8f29f201be699",
                "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"
            ),
            (
                64, "0098ba824b5c16427bd7a1122a5a442a25ec644d",
                "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"
            ),
            (
                65, "11655326c708d70319be2610e8a57d9a5b959d3b",
                "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"
            ),
            (
                100000, "c4d4b30851182fc4eb8675494d42fd7f17e29c93",
                "6d1cf22d7cc09b085dfc25ee1a1f3ae0265804c607bc2074ad253bcc82fd81ee"
            ),
        ])
    func letters(pieces: Int, known: (count: Int, sha1: String, sha256: String)) {
        let text = String(repeating: "a", count: known.count)
        #expect(hash(.sha1, text, pieces: pieces) == known.sha1)
        #expect(hash(.sha256, text, pieces: pieces) == known.sha256)
    }

    /// The second example of FIPS 180 for one block and more.
    @Test("the standard's own example")
    func example() {
        let text = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
        #expect(hash(.sha1, text, pieces: 7) == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
        #expect(
            hash(.sha256, text, pieces: 7) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }

    @Test("a small file is named as git names it")
    func git() throws {
        var digest = try #require(Digest(named: "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0", size: 5))
        digest.update(Array("hello".utf8))
        #expect(digest.finish() == "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0")
        #expect(Digest(named: "../../etc", size: 5) == nil && Digest(named: "b6fc", size: 5) == nil)
    }
}

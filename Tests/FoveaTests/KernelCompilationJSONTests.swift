import Checkpoints
import Fovea
import OpenCLOperations
import OpenCLRuntime
import Testing

@Suite("Kernels to be compiled elsewhere, as JSON")
struct KernelCompilationJSONTests {
    private static let compilation = KernelCompilation(
        device: 7,
        launches: [
            .init(
                Specialization("softmax", ["WIDTH": 8, "GROUP": 1]), arguments: [.buffer(256), .buffer(512)],
                global: [8], local: [1]),
            .init(
                Specialization("attention", [:]), arguments: [.unused, .int(-3), .float, .float4], global: [4, 5, 6],
                local: [1, 5, 2]),
            .init(Specialization("pooling", ["VECTOR": 4]), arguments: [], global: [4, 5], local: nil),
        ])

    @Test("comes back as it was, on one line")
    func roundTrip() throws {
        let text = Self.compilation.json.text()
        #expect(!text.contains("\n"))
        #expect(KernelCompilation(try JSON(parsing: text)) == Self.compilation)
    }

    @Test(
        "is refused where a part is missing or no such thing",
        arguments: [
            ("7", "true"), ("[8]", "[0]"), ("[8]", "[8, 1, 1, 1]"), ("[8]", "[]"), ("[8]", #"[8,"x"]"#),
            (#""unused""#, #""float8""#),
            (#""softmax""#, "3"), (#"{"buffer":256}"#, #"{"buffer":"x"}"#), (#""global""#, #""globe""#), ("-3", "0.5"),
            ("-3", "4294967296"), (#"{"buffer":256}"#, #"{"buffer":0}"#), ("[1]", "[1,1]"), ("[1]", "1"),
        ])
    func refused(part: String, other: String) throws {
        let text = Self.compilation.json.text()
        let range = try #require(text.firstRange(of: part), "\(part) in \(text)")
        let changed = text.replacingCharacters(in: range, with: other)
        #expect(KernelCompilation(try JSON(parsing: changed)) == nil, "\(changed)")
    }
}

extension String {
    /// The text with one range of it replaced.
    fileprivate func replacingCharacters(in range: Range<String.Index>, with other: String) -> String {
        self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}

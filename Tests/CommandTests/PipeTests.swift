import Checkpoints
import Fovea
import Glibc
import Imaging
import Testing

@testable import FoveaCommand

@Suite("fovea pipe answers line by line, whatever comes")
struct PipeTests {
    private let star = ExamplePictures.path("star")
    private let small = ["--device", "cpu", "--model", GoldenCase.all[0].folder]

    private func answers(
        to requests: [String], _ arguments: [String] = [], status: Int32 = 1
    ) throws -> [JSON] {
        let folder = try TemporaryFolder()
        let input = try folder.write(requests.map { $0 + "\n" }.joined(), to: "requests.jsonl")
        let outcome = try FoveaProcess.run(["pipe", "-q"] + arguments, standardInput: input)
        try #require(outcome.status == .exited(status), "\(outcome.errors)")
        return try outcome.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
            .map { try JSON(parsing: String($0)) }
    }

    /// The encoding that RFC 4648 describes, by its text.
    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for digit in 0..<group.count + 1 { text.append(digits[bits >> (18 - 6 * digit) & 63]) }
            text += String(repeating: "=", count: 3 - group.count)
        }
        return text
    }

    @Test("one answer a line, in order: paths, objects, encoded pictures, and what is none of these")
    func everything() throws {
        let encoded = Self.base64(try TemporaryFolder.read(star))
        let requests = [
            "\"\(star)\"", #"{"path": "\#(star)", "id": {"row": 7}, "other": 1}"#,
            #"{"base64": "\#(encoded)", "id": "x"}"#, #"{"path": "/nowhere/x.png", "id": null}"#, "", "no json", "7",
            #"{"id": 3}"#, #"{"id": 4, "path": 5}"#, #"{"path": "a", "base64": "b"}"#, #"{"base64": "AA*A"}"#,
            #"{"base64": "bm8gcGljdHVyZQ=="}"#, #"{"path": "\#(star)", "base64": null}"#,
        ]
        let answers = try answers(to: requests, small + ["--top-k", "2"])
        try #require(answers.count == requests.count)
        let expected = try JSON(
            parsing: FoveaProcess.results(["classify", "-q", star, "--top-k", "2", "--format", "jsonl"] + small))
        for good in [0, 1, 2, 12] { #expect(answers[good]["predictions"] == expected["predictions"]) }
        #expect(answers[0].object?.keys == ["input", "predictions"])
        #expect(answers[1].object?.keys == ["id", "input", "predictions"])
        #expect(answers[1]["id"] == ["row": 7] && answers[1]["input"]?.string == star)
        #expect(answers[2].object?.keys == ["id", "predictions"] && answers[2]["id"]?.string == "x")
        #expect(answers[3].object?.keys == ["id", "input", "error", "code"] && answers[3]["id"] == .null)
        let codes = answers.map { $0["code"]?.string }
        #expect(
            Array(codes[3...11]) == [
                "IO_NOT_FOUND", "REQUEST_JSON", "REQUEST_JSON", "REQUEST", "REQUEST", "REQUEST", "REQUEST",
                "IMG_BASE64", "IMG_FORMAT",
            ])
        #expect(answers[7]["id"]?.integer == 3 && answers[8]["id"]?.integer == 4)
        #expect(answers[10]["error"]?.string?.contains("base64 is malformed at its byte 2") == true)
        #expect(answers[11]["error"]?.string?.hasPrefix("the picture sent: is text") == true)
    }

    @Test("a line beyond the limit is answered in its place, and the next is read")
    func tooLong() throws {
        let folder = try TemporaryFolder()
        let path = folder("requests.jsonl")
        let file = try #require(fopen(path, "w"))
        let (good, zeros) = (Array("\"\(star)\"\n".utf8), [UInt8](repeating: UInt8(ascii: "A"), count: 1 << 20))
        fwrite(good, 1, good.count, file)
        fputs(#"{"id": 1, "base64": ""#, file)
        // The picture alone has more than the most bytes that are read of one.
        for _ in 0..<DecodingOptions().maximumFileBytes / 3 * 4 / zeros.count + 2 {
            fwrite(zeros, 1, zeros.count, file)
        }
        fputs("\"}\n", file)
        fwrite(good, 1, good.count, file)
        try #require(fclose(file) == 0)
        let outcome = try FoveaProcess.run(["pipe", "-q"] + small, standardInput: path)
        #expect(outcome.status == .exited(1))
        #expect(outcome.errorLines.count == 1 && outcome.errors.hasPrefix("fovea: line 2: the request has more than"))
        let answers = try outcome.output.split(separator: "\n").map { try JSON(parsing: String($0)) }
        try #require(answers.count == 3)
        #expect(answers[1]["code"]?.string == "REQUEST_LENGTH")
        #expect(answers[0]["predictions"] != nil && answers[0] == answers[2])
    }

    @Test("pictures that come in memory are bounded by their bytes, too")
    func bytesAhead() async throws {
        /// Pictures of 100 bytes that are none.
        struct Supply: PictureSupply {
            let asked: Asked

            mutating func next(_ patience: Patience) -> SuppliedPicture {
                asked.count += 1
                return .picture(.encoded([UInt8](repeating: 0, count: 100), name: "\(asked.count)"))
            }
        }
        final class Asked { var count = 0 }
        let asked = Asked()
        let reader = PictureReader(try ModelFiles(GoldenCase.all[0].folder).preprocessing())
        let feed = PictureFeed(Supply(asked: asked), through: reader, batchSize: 8, byteLimit: 250)
        for round in 1...3 {
            let names = try await feed.next()?.map(\.name)
            #expect(names == (8 * round - 7...8 * round).map(String.init))
            // The third passes the limit, and none is asked for behind it.
            #expect(asked.count == 8 * round + 3)
        }
    }

    @Test("--task embed gives what embed gives")
    func embeddings() throws {
        let folder = try TemporaryFolder()
        let waves = ExamplePictures.path("waves")
        let answers = try answers(
            to: ["\"\(star)\"", "\"\(waves)\""], small + ["--task", "embed", "--normalize"], status: 0)
        _ = try FoveaProcess.results(
            ["embed", "-q", star, waves, "--normalize", "--output", folder("rows.jsonl")] + small)
        let rows = String(decoding: try TemporaryFolder.read(folder("rows.jsonl")), as: UTF8.self)
        #expect(try answers == rows.split(separator: "\n").map { try JSON(parsing: String($0)) })
    }

    @Test("no request at all is no failure; failed ones are status 1, or 0 where that is asked for")
    func statuses() throws {
        #expect(try answers(to: [], small, status: 0).isEmpty)
        #expect(try answers(to: ["\"/nowhere\""], small, status: 1).count == 1)
        #expect(try answers(to: ["\"/nowhere\""], small + ["--exit-zero"], status: 0).count == 1)
        for wrong in [["--task", "paint"], ["--top-k", "0"], ["--task", "embed", "--top-k", "2"], ["--normalize"]] {
            #expect(try FoveaProcess.run(["pipe"] + wrong).status == .exited(2))
        }
    }

    @Test("whoever waits for an answer before the next request gets it")
    func conversation() throws {
        var (requests, answers): ([Int32], [Int32]) = ([0, 0], [0, 0])
        try #require(pipe(&requests) == 0 && pipe(&answers) == 0)
        for end in [requests[1], answers[0]] { try #require(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
        let child = try FoveaProcess.start(
            ["pipe", "-q", "--batch-size", "8"] + small, standardInput: .descriptor(requests[0]),
            standardOutput: .descriptor(answers[1]), standardError: .file("/dev/null", O_WRONLY))
        close(requests[0])
        close(answers[1])
        for round in 0..<3 {
            let text = Array("{\"id\": \(round), \"path\": \"\(star)\"}\n".utf8)
            // In two parts: half a line is no line.
            for part in [text[..<9], text[9...]] {
                try #require(part.withUnsafeBytes { write(requests[1], $0.baseAddress, $0.count) } == part.count)
                usleep(30_000)
            }
            var ready = pollfd(fd: answers[0], events: Int16(POLLIN), revents: 0)
            try #require(poll(&ready, 1, 120_000) == 1, "no answer to request \(round)")
            var answer = [UInt8](repeating: 0, count: 1 << 16)
            let count = read(answers[0], &answer, answer.count)
            #expect(try JSON(parsing: Array(answer[..<max(0, count - 1)]))["id"]?.integer == round)
        }
        close(requests[1])
        #expect(FoveaProcess.wait(for: child) == .exited(0))
        close(answers[0])
    }

    @Test("base64 is what RFC 4648 says, and nothing else")
    func base64() throws {
        let vectors = ["": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE="]
        for (plain, encoded) in vectors { #expect(try Base64.decode(encoded).get() == Array(plain.utf8)) }
        let all = (0...255).map { UInt8($0) }
        #expect(try Base64.decode(Self.base64(all)).get() == all)
        for (wrong, offset) in [
            ("Zg=", 3), ("Zg", 2), ("Z", 1), ("Z===", 1), ("Zm9v\n", 4), ("Zm 9", 2), ("Zg==Zg==", 2), ("Zm_v", 2),
            ("Zé==", 1),
        ] {
            #expect(throws: Base64.Malformed.self, "\(wrong)") { try Base64.decode(wrong).get() }
            if case .failure(let error) = Base64.decode(wrong) { #expect(error.offset == offset, "\(wrong)") }
        }
    }
}

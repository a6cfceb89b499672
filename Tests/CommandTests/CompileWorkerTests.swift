import Glibc
import Testing

@testable import FoveaCommand

@Suite("a first start is helped by a second process")
struct CompileWorkerTests {
    /// Softmax of eight rows of eight, and what gates as many.
    private static let request = """
        {"device": 0, "launches": [{"kernel": "softmax", "defines": {"WIDTH": 8, "GROUP": 1, "VECTOR": 4}, \
        "arguments": [{"buffer": 256}, {"buffer": 256}], "global": [8], "local": [1]}, \
        {"kernel": "gating", "defines": {"WIDTH": 8, "ACTIVATION": 1, "VECTOR": 4}, \
        "arguments": [{"buffer": 512}, {"buffer": 256}], "global": [16], "local": null}]}

        """

    @Test(
        "a line that is no request is an error told in a sentence",
        arguments: ["", "{}", #"{"device": 0, "launches": [{}]}"#, #"{"device": 0, "launches": 7}"#, "nothing"])
    func noRequest(line: String) throws {
        let folder = try TemporaryFolder()
        let input = try folder.write(line + "\n", to: "request")
        let outcome = try FoveaProcess.run([CompileWorker.name], standardInput: input)
        guard case .exited(let status) = outcome.status else {
            Issue.record("ended by a signal: \(outcome.errors)")
            return
        }
        #expect(status != 0 && outcome.output.isEmpty && outcome.errorLines.count == 1, "\(outcome.errors)")
    }

    /// The kernels that PoCL keeps once a worker that was told of two has ended.
    ///
    /// - Parameter isAlone: Whether the command that it works for has ended.
    private func keptKernels(isAlone: Bool) throws -> [String] {
        let folder = try TemporaryFolder()
        var ends: [CInt] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { close(ends[0]) }
        let line = Array(Self.request.utf8)
        try #require(write(ends[1], line, line.count) == line.count)
        if isAlone { close(ends[1]) }
        let child = try FoveaProcess.start(
            [CompileWorker.name], environment: ["POCL_CACHE_DIR": folder("kernels")],
            standardInput: .descriptor(ends[0]), standardOutput: .file("/dev/null", O_WRONLY),
            standardError: .file(folder("errors"), O_WRONLY | O_CREAT))
        #expect(FoveaProcess.wait(for: child) == .exited(0))
        if !isAlone { close(ends[1]) }
        #expect(try TemporaryFolder.read(folder("errors")).isEmpty)
        return Self.files(in: folder("kernels")).filter { $0.hasSuffix(".so") }
    }

    private static func files(in folder: String) -> [String] {
        TemporaryFolder.names(in: folder).flatMap { name in
            let inner = files(in: "\(folder)/\(name)")
            return inner.isEmpty ? [name] : inner
        }
    }

    @Test("the driver keeps what the worker compiled", .requiresPoCL)
    func kept() throws {
        #expect(try keptKernels(isAlone: false).sorted() == ["gating__1.so", "softmax__0.so"])
    }

    @Test("a worker whose command has ended compiles no more", .requiresPoCL)
    func alone() throws {
        #expect(try keptKernels(isAlone: true) == [])
    }

    @Test("with an empty kernel cache answers are the same bytes", .requiresOpenCL)
    func firstStart() throws {
        let folder = try TemporaryFolder()
        let arguments = ["classify", "-q", ExamplePictures.path("star"), "--format", "jsonl"]
        let expected = try FoveaProcess.results(arguments)
        let environment = ["POCL_CACHE_DIR": folder("kernels")]
        #expect(try FoveaProcess.results(arguments, environment: environment) == expected)
        #expect(try FoveaProcess.results(arguments, environment: environment) == expected)
    }
}

import Checkpoints
import Glibc
import Operations
import Testing

@Suite("fovea bench on demand and on an array")
struct BenchOnDemandTests {
    private let golden = GoldenCase(name: "timm-vit")

    @Test("a run for every line, each answered before the next is asked for")
    func turns() throws {
        let (toChild, fromChild) = (try makePipe(), try makePipe())
        let child = try FoveaProcess.start(
            ["bench", "--model", golden.folder, "--device", "cpu", "--on-demand"],
            standardInput: .descriptor(toChild.reading), standardOutput: .descriptor(fromChild.writing),
            standardError: .descriptor(STDERR_FILENO))
        close(toChild.reading)
        close(fromChild.writing)
        #expect(try answer(fromChild.reading)["ready"]?.bool == true)
        for _ in 0..<3 {
            #expect(write(toChild.writing, "\n", 1) == 1)
            #expect(try #require(answer(fromChild.reading)["seconds"]?.double) > 0)
        }
        close(toChild.writing)
        #expect(FoveaProcess.wait(for: child) == .exited(0))
        var rest: UInt8 = 0
        #expect(read(fromChild.reading, &rest, 1) == 0)
        close(fromChild.reading)
    }

    @Test("an input that ends at once asks for no run; a last line needs no end")
    func ends() throws {
        let arguments = ["bench", "--model", golden.folder, "--device", "cpu", "--on-demand", "--warm-up", "0"]
        let none = try FoveaProcess.run(arguments)
        #expect(none.status == .exited(0) && none.output == "{\"ready\": true}\n")
        let folder = try TemporaryFolder()
        let torn = try FoveaProcess.run(arguments, standardInput: folder.write("a\nb", to: "requests"))
        #expect(torn.status == .exited(0) && torn.output.split(separator: "\n").count == 3)
    }

    @Test("an array sets the batch size, and must fit the model")
    func array() throws {
        let count = try NumPyArray(contentsOf: golden.input).shape[0]
        let arguments = ["bench", "--device", "cpu", "--iterations", "2", "--format", "json", "--model"]
        let report = try JSON(parsing: FoveaProcess.results(arguments + [golden.folder, "--input", golden.input]))
        #expect(report["results"]?.array?.count == 1)
        #expect(report["results"]?[0]?["batchSize"]?.integer == count)
        let folder = try TemporaryFolder()
        let other = folder("other.npy")
        try NumPyArray.write(HostTensor([1, 3, 40, 64], repeating: 0), to: other)
        let misfit = try FoveaProcess.run(arguments + [golden.folder, "--input", other])
        #expect(misfit.status == .exited(3) && misfit.errors.contains(other), "\(misfit.errors)")
        #expect(try FoveaProcess.run(arguments + [golden.folder, "--input", "/nowhere.npy"]).status == .exited(3))
    }

    @Test(
        "what contradicts itself is refused",
        arguments: [
            ["--on-demand", "--batch-size", "1,2"], ["--on-demand", "--profile"], ["--on-demand", "--versus", "cpu"],
            ["--input", "x.npy", "--batch-size", "2"], ["--input", "x.npy", "--input-size", "224"],
        ])
    func contradictions(_ arguments: [String]) throws {
        #expect(try FoveaProcess.run(["bench"] + arguments).status == .exited(2))
    }

    private func makePipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        for end in ends { try #require(fcntl(end, F_SETFD, FD_CLOEXEC) == 0) }
        return (ends[0], ends[1])
    }

    /// The next line, read as it comes.
    private func answer(_ descriptor: Int32) throws -> JSON {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while read(descriptor, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
        return try JSON(parsing: String(decoding: line, as: UTF8.self))
    }
}

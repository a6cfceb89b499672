import Checkpoints
import Glibc
import Testing

@Suite("fovea bench")
struct BenchTests {
    private let golden = GoldenCase(name: "timm-vit")

    @Test("bench measures batches, kernels and a second device", .requiresOpenCL)
    func bench() throws {
        let report = try JSON(
            parsing: FoveaProcess.results([
                "bench", "--model", golden.folder, "--batch-size", "1,3", "--iterations", "4", "--profile", "--versus",
                "cpu", "--format", "json",
            ]))
        let rows = try #require(report["results"]?.array)
        #expect(rows.map { $0["batchSize"]?.integer } == [1, 3])
        for row in rows {
            #expect(row["runs"]?.integer == 4)
            let times = try ["best", "p50", "p90", "p99"].map { try #require(row["milliseconds"]?[$0]?.double) }
            #expect(times == times.sorted() && times[0] > 0)
            #expect(row["versus"]?["device"]?.string == "cpu (reference)")
            let kernels = try #require(row["profile"]?.array)
            #expect(kernels.contains { $0["operation"]?.string == "attention" && $0["calls"]?.double == 2 })
            let shares = kernels.compactMap { $0["share"]?.double }
            #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
            #expect(kernels.allSatisfy { $0["bytes"]?.double ?? 0 > 0 && $0["rooflineShare"]?.double ?? 0 > 0 })
            let peak = try #require(report["roofline"]?["gigaflopPerSecond"]?.double)
            let rate = try #require(row["gigaflopPerSecond"]?.double)
            #expect(abs((row["rooflineShare"]?.double ?? 0) - rate / peak) < 1e-9)
            #expect(row["versus"]?["rooflineShare"] == nil)
        }
    }

    @Test("bench refuses what makes no sense")
    func benchRefusals() throws {
        for arguments in [
            ["--batch-size", "0"], ["--batch-size", "1,,2"], ["--iterations", "0"], ["--seconds", "0"],
            ["--random", "resnet50"], ["--random", "vit_tiny_patch16_224", "--model", "demo"],
            ["--device", "cpu", "--profile"], ["--depth", "2"], ["--input-size", "32,48"],
            ["--random", "vit_tiny_patch16_224", "--depth", "0"],
            ["--random", "vit_tiny_patch16_224", "--input-size", "225"],
        ] { #expect(try FoveaProcess.run(["bench"] + arguments).status == .exited(2), "\(arguments)") }
    }

    @Test("every size with every depth and batch is a row, and work grows as it should")
    func axes() throws {
        let arguments = ["bench", "--random", "vit_tiny_patch16_32", "--device", "cpu", "--iterations", "1"]
        let axes = ["--depth", "1,2", "--input-size", "16,32x48", "--batch-size", "1,2"]
        let report = try JSON(parsing: FoveaProcess.results(arguments + axes + ["--format", "json"]))
        let rows = try #require(report["results"]?.array)
        #expect(rows.count == 8)
        #expect(Set(rows.map { $0["inputSize"]?.integers }) == [[16, 16], [32, 48]])
        let flop = try rows.map { try #require($0["flop"]?.double) }
        #expect(flop[1] == 2 * flop[0] && flop[2] < 2 * flop[0] && flop[2] > flop[0])
        for row in rows {
            let (time, work) = (row["milliseconds"]?["p50"]?.double ?? 0, row["flop"]?.double ?? 0)
            #expect(abs((row["millisecondsPerGigaflop"]?.double ?? 0) / (time / work * 1e9) - 1) < 1e-9)
        }
        let text = try FoveaProcess.results(arguments + axes)
        for word in ["batch", "size", "depth", "ms/GFLOP", "32×48"] { #expect(text.contains(word), "\(word)") }
    }
}

import Checkpoints
import FoundationEssentials
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
            let roofline = try #require(row["profileRoofline"])
            for kernel in kernels {
                let shares = ["gigaflopPerSecond", "gigabytePerSecond"].map {
                    (kernel[$0]?.double ?? 0) / (roofline[$0]?.double ?? 0)
                }
                #expect(abs((kernel["rooflineShare"]?.double ?? 0) / max(shares[0], shares[1]) - 1) < 1e-6)
            }
            let peak = try #require(report["roofline"]?["gigaflopPerSecond"]?.double)
            let rate = try #require(row["gigaflopPerSecond"]?.double)
            #expect(abs((row["rooflineShare"]?.double ?? 0) - rate / peak) < 1e-9)
            #expect(row["versus"]?["rooflineShare"] == nil)
        }
    }

    @Test("a kept roofline that a run exceeds is measured again", .requiresOpenCL)
    func exceededRoofline() throws {
        let folder = try TemporaryFolder()
        func peak() throws -> Double {
            let report = try JSON(
                parsing: FoveaProcess.results(
                    ["bench", "--model", golden.folder, "--iterations", "1", "--profile", "--format", "json"],
                    environment: ["FOVEA_CACHE_DIR": folder.path]))
            return try #require(report["roofline"]?["gigaflopPerSecond"]?.double)
        }
        #expect(try peak() > 0.1)
        let records = folder.path + "/roofline"
        let record = try #require(try FileManager.default.contentsOfDirectory(atPath: records).first)
        let file = URL(filePath: "\(records)/\(record)")
        let kept = try String(contentsOf: file, encoding: .utf8)
        let low = kept.replacing(/"gigaflopPerSecond":\s*[0-9.e+]+/, with: #""gigaflopPerSecond": 1e-6"#)
        try #require(low != kept)
        try Data(low.utf8).write(to: file)
        #expect(try peak() > 0.1)
        #expect(try String(contentsOf: file, encoding: .utf8) != low)
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

    @Test("both devices must compute in the precision asked for", .requiresOpenCL)
    func rivalPrecision() throws {
        let refused = try FoveaProcess.run([
            "bench", "--model", golden.folder, "--iterations", "1", "--precision", "int8", "--versus", "cpu",
        ])
        #expect(refused.status == .exited(5) && refused.output.isEmpty)
        #expect(refused.errors.contains("cpu (reference) cannot compute in int8"), "\(refused.errors)")
    }

    @Test("every size with every depth and batch is a row, and work grows as it should")
    func axes() throws {
        let arguments = ["bench", "--random", "vit_tiny_patch16_32", "--device", "cpu", "--iterations", "1"]
        let axes = ["--depth", "1,2", "--input-size", "16,32x48", "--batch-size", "1,2"]
        let folder = try TemporaryFolder()
        let report = try JSON(
            parsing: FoveaProcess.results(arguments + axes + ["--format", "json", "--output", folder("chart.svg")]))
        let rows = try #require(report["results"]?.array)
        #expect(rows.count == 8)
        #expect(Set(rows.map { $0["inputSize"]?.integers }) == [[16, 16], [32, 48]])
        let flop = try rows.map { try #require($0["flop"]?.double) }
        #expect(flop[1] == 2 * flop[0] && flop[2] < 2 * flop[0] && flop[2] > flop[0])
        for row in rows {
            let (time, work) = (row["milliseconds"]?["p50"]?.double ?? 0, row["flop"]?.double ?? 0)
            #expect(abs((row["millisecondsPerGigaflop"]?.double ?? 0) / (time / work * 1e9) - 1) < 1e-9)
        }
        // A color for each of the four lines.
        let chart = String(decoding: try TemporaryFolder.read(folder("chart.svg")), as: UTF8.self)
        for color in ["#0072B2", "#D55E00", "#009E73", "#CC79A7"] { #expect(chart.contains(color)) }
        #expect(!chart.contains("stroke-dasharray"))
        let text = try FoveaProcess.results(arguments + axes)
        for word in ["batch", "size", "depth", "ms/GFLOP", "32×48"] { #expect(text.contains(word), "\(word)") }
    }

    @Test("a chart shows both devices over what varies; a file that exists is kept")
    func chart() throws {
        let folder = try TemporaryFolder()
        let arguments = [
            "bench", "--model", golden.folder, "--device", "cpu", "--versus", "cpu", "--iterations", "1",
            "--batch-size",
            "1,2,4", "--output", folder("chart.svg"),
        ]
        _ = try FoveaProcess.results(arguments)
        #expect(folder.names == ["chart.svg"])
        let text = String(decoding: try TemporaryFolder.read(folder("chart.svg")), as: UTF8.self)
        #expect(text.hasPrefix("<svg xmlns=") && text.hasSuffix("</svg>\n"))
        // Two devices at three batch sizes in two panels, and one mark for the name that both have.
        #expect(text.split(separator: "<circle").count - 1 == 2 * 3 * 2 + 1)
        for word in [">time an image, ms", ">GFLOP/s", ">pictures in a run<", ">4<", "cpu (reference)"] {
            #expect(text.contains(word), "\(word)")
        }
        #expect(!text.contains("nan") && !text.contains("inf"))
        #expect(try FoveaProcess.run(arguments).status == .exited(8))
    }

    @Test("a trace has the host's steps and every launch of three passes, in order", .requiresOpenCL)
    func trace() throws {
        let folder = try TemporaryFolder()
        let arguments = ["bench", "--model", golden.folder, "--iterations", "1", "--trace", folder("trace.json")]
        _ = try FoveaProcess.results(arguments)
        let trace = try JSON(parsing: String(decoding: TemporaryFolder.read(folder("trace.json")), as: UTF8.self))
        let events = try #require(trace["traceEvents"]?.array).filter { $0["ph"]?.string == "X" }
        let host = events.filter { $0["tid"]?.integer == 1 }
        let steps = ["upload", "enqueue", "wait", "download"]
        #expect(host.compactMap { $0["name"]?.string } == steps + steps + steps)
        let device = events.filter { $0["tid"]?.integer == 2 }
        #expect(device.count { $0["name"]?.string?.hasPrefix("attention") == true } == 3 * 2)
        let starts = device.compactMap { $0["ts"]?.double }
        #expect(starts.count == device.count && starts == starts.sorted())
        #expect(device.allSatisfy { $0["dur"]?.double ?? 0 > 0 && $0["args"]?["flop"]?.double ?? 0 > 0 })
        // The device works between the upload and the end of the download.
        let last = try #require(host.last)
        #expect(starts.allSatisfy { $0 > 0 && $0 < (last["ts"]?.double ?? 0) + (last["dur"]?.double ?? 0) })
    }
}

import Checkpoints
import Fovea
import OpenCLOperations
import OpenCLRuntime
import Operations
import Testing
import VisionModels

@Suite("Tuning")
struct TuningTests {
    @Test("every row names its knobs, and what ships may be used", .requiresOpenCL)
    func table() throws {
        let device = try #require(TestDevice.first)
        #expect(Set(TuningRow.all.map(\.name)).count == TuningRow.all.count)
        for kind in [Device.Kind.cpu, .gpu] {
            for row in TuningRow.all {
                let shipped = row.values(on: DeviceProfile(device, tunedAs: kind))
                #expect(Set(row.knobs.map(\.name)) == Set(shipped.keys) && !shipped.isEmpty)
                let profile = DeviceProfile(device, tunedAs: kind, measured: [row.name: shipped])
                #expect(profile.refusedTunings.isEmpty)
                for knob in row.knobs {
                    #expect(
                        Set(knob.candidates).count == knob.candidates.count && knob.candidates.allSatisfy { $0 > 0 })
                }
            }
        }
        // Every operation has one tuning on every device.
        let profile = DeviceProfile(device)
        let tuned = CandidateEvaluator.rows(on: device).flatMap { $0.operations(on: profile) }
        #expect(tuned.count == Operation.allCases.count && Set(tuned) == Set(Operation.allCases))
    }

    @Test("numbers that cannot be used are refused with a reason, and leave what ships", .requiresOpenCL)
    func refusals() throws {
        let device = try #require(TestDevice.first)
        let shipped = DeviceProfile(device)
        func refuse(_ measured: TuningValues, _ reason: String) {
            let profile = DeviceProfile(device, measured: measured)
            #expect(profile.refusedTunings.count == 1 && profile.refusedTunings[0].hasPrefix(reason), "\(measured)")
            for row in TuningRow.all { #expect(row.values(on: profile) == row.values(on: shipped)) }
        }
        refuse(["convolution": [:]], "there is no tuning 'convolution'")
        refuse(["rows": ["COLUMNS": 4, "VECTOR": 4]], "rows: there is no number COLUMNS")
        refuse(["rows": ["GROUP": 32, "VECTOR": 5]], "rows: VECTOR is 5, but may be one of [4, 8, 16]")
        refuse(
            ["linear-tiled": ["ROWS": 4, "GROUP_COLUMNS": 32, "DEPTH": 8]],
            "linear-tiled: DEPTH 8, GROUP_COLUMNS 32, GROUP_ROWS ")
        if device.maximumWorkGroupSize < 256 { refuse(["rows": ["GROUP": 256]], "rows: a work-group would have 256") }
        // What is wrong with one does not keep another from being used.
        let profile = DeviceProfile(device, measured: ["linear": ["ROWS": 2], "rows": ["VECTOR": 5]])
        #expect(TuningRow.named("linear")?.values(on: profile)["ROWS"] == 2 && profile.refusedTunings.count == 1)
    }

    @Test("a measured tuning reaches the kernels of a session's backend", .requiresOpenCL)
    func use() throws {
        let folder = try TemporaryFolder()
        let device = try #require(TestDevice.first)
        let records = DeviceRecords(directory: folder.path)
        var found = DeviceTunings()
        found.values = ["linear": ["ROWS": 2], "rows": ["VECTOR": 5]]
        #expect(records.write(.tuning, found.json, for: DeviceIdentity(device)) == nil)
        #expect(DeviceTunings(of: DeviceIdentity(device), in: records) == found)

        let sentences = Sentences()
        var options = SessionOptions()
        (options.records, options.report) = (records, { sentences.add($0) })
        let tuned = try OpenCLBackend(device, tuned: options)
        #expect(TuningRow.named("linear")?.values(on: tuned.profile)["ROWS"] == 2)
        #expect(sentences.all.count == 1 && sentences.all[0].contains("rows: VECTOR is 5"))
        options.records = nil
        let plain = try OpenCLBackend(device, tuned: options)
        #expect(TuningRow.named("linear")?.values(on: plain.profile)["ROWS"] != 2)

        // The same answers in other bits at most.
        options.records = records
        func logits(_ options: SessionOptions) throws -> HostTensor {
            let session = try TestDevice.demo(on: .openCL(device)) { $0 = options }
            let side = session.configuration.imageHeight
            let pictures = PixelBatch(
                count: 1, height: side, width: side,
                bytes: (0..<side * side * 3).map { UInt8(truncatingIfNeeded: $0 * 7) })
            return try session.run(.pictures(pictures, .halves), .logits)
        }
        let expected = try logits(SessionOptions())
        #expect(try Agreement("logits", logits(options), expected: expected, tolerance: 2e-5).holds)
    }

    @Test("verify tries the tunings that were measured on the operations that they concern", .requiresOpenCL)
    func forms() throws {
        let device = try #require(TestDevice.first)
        let verifier = OperationVerifier(device, isSmall: true, measured: ["rows": ["VECTOR": 4]])
        for operation in Operation.allCases {
            let concerns = [.layerNorm, .queryKey, .gating, .attentionMap, .softmax, .pooling].contains(operation)
            #expect(verifier.forms(of: operation).count { $0.isMeasured } == (concerns ? 1 : 0))
        }
    }

    @Test("a candidate that may not be tried is refused, one that may is timed", .requiresOpenCL)
    func evaluation() throws {
        let device = try #require(TestDevice.first)
        let row = try #require(TuningRow.named("rows"))
        let shipped = row.values(on: DeviceProfile(device))
        let evaluator = CandidateEvaluator(device)
        var candidate = shipped
        candidate["VECTOR"] = 5
        guard case .refused = try evaluator.compare(row, candidate: candidate, with: shipped) else {
            Issue.record("VECTOR 5 was timed")
            return
        }
        guard case .measured(let ratio) = try evaluator.compare(row, candidate: shipped, with: shipped) else {
            Issue.record("what ships was refused")
            return
        }
        // How large it is is for the machine to say, which does other things meanwhile.
        #expect(ratio.value > 0 && ratio.value.isFinite && ratio.noise >= 0)
    }

    @Test("a ratio wins by more than its noise and by two percent at least")
    func ratios() {
        let steady = TimeRatio(rounds: [(2, 1.8), (4, 3.6), (1, 0.9)])
        #expect(abs(steady.value - 0.9) < 1e-12 && steady.noise < 1e-12 && steady.isWin)
        #expect(!TimeRatio(value: 0.985, noise: 0).isWin && !TimeRatio(value: 0.9, noise: 0.11).isWin)
        // One interrupted round moves neither value nor noise.
        let disturbed = TimeRatio(rounds: Array(repeating: (1, 0.9), count: 14) + [(1, 50)])
        #expect(disturbed.value == 0.9 && disturbed.noise < 1e-12)
        let noisy = TimeRatio(rounds: (0..<16).map { (1, $0 % 2 == 0 ? 0.5 : 1.3) })
        #expect(abs(noisy.value - 0.9) < 1e-12 && noisy.noise > 0.3 && !noisy.isWin)
        let mean = TimeRatio(meanOf: [TimeRatio(value: 0.5, noise: 0.03), TimeRatio(value: 2, noise: 0.16)])
        #expect(abs(mean.value - 1) < 1e-12 && abs(mean.noise - 0.05) < 1e-12)
    }

    @Test("coordinate descent finds the best, tries nothing twice and ends")
    func descent() {
        let descent = CoordinateDescent(knobs: [("b", [1, 2, 3]), ("a", [1, 2, 4, 8])])
        // The best b depends on a: a second sweep finds it.
        func seconds(_ x: [String: Int]) -> Double {
            let (a, b) = (Double(x["a"] ?? 0), Double(x["b"] ?? 0))
            return 1 + abs(a - 4) + (a == 4 ? abs(b - 3) / 2 : abs(b - 1))
        }
        var asked: [[String: Int]] = []
        let found = descent.search(from: ["a": 1, "b": 1]) { (candidate, best) throws(Never) in
            asked.append(candidate)
            return seconds(candidate) < seconds(best)
        }
        #expect(found == ["a": 4, "b": 3])
        #expect(Set(asked).count == asked.count && !asked.contains(["a": 1, "b": 1]))
        #expect(descent.search(from: ["a": 1, "b": 1]) { (_, _) throws(Never) in false } == ["a": 1, "b": 1])
        let over = descent.search(from: ["a": 1, "b": 1], isOver: { true }) { (_, _) throws(Never) in true }
        #expect(over == ["a": 1, "b": 1])
    }
}

/// Sentences that were reported; from one thread.
private final class Sentences: @unchecked Sendable {
    private(set) var all: [String] = []

    func add(_ sentence: String) { all.append(sentence) }
}

import Fovea
import OpenCLOperations
import Operations
import VisionModels

extension Bench {
    /// A model among those that are timed: what is asked of it in place of its own.
    struct Model {
        let inputSize: InputSize?
        let depth: Int?
    }

    /// Every input size with every depth.
    var models: [Model] {
        (inputSize?.values.map { $0 } ?? [nil]).flatMap { size in
            (depth?.values.map { $0 } ?? [nil]).map { Model(inputSize: size, depth: $0) }
        }
    }

    /// Times every model at every batch size, one model in memory at a time.
    func measure(
        on device: ComputeDevice, versus rival: ComputeDevice?, _ array: InputArray?
    ) throws -> BenchmarkReport {
        var report = BenchmarkReport(
            device: .init(device.name, try roofline(of: device)),
            rival: try rival.map { .init($0.name, try roofline(of: $0)) })
        var probe: FMAProbe?
        for model in models {
            let opened = try open(model, array)
            if report.model.isEmpty { report.model = opened.files.name }
            let first = report.rows.count
            try measure(opened, array, on: device, versus: rival, into: &report)
            if profile {
                if report.device.roofline != nil { probe = try probe ?? fmaProbe(of: device) }
                try profile(opened, array, on: device, with: probe, &report.rows[first...])
            }
        }
        // One that was measured while something else ran, or while a virtual machine's processors shared a core.
        if report.exceedsRoofline {
            verbosity.detail("the roofline kept for \(device.name) was exceeded, and is measured again")
            report.device.ceilings = try roofline(of: device, refresh: true)
        }
        return report
    }

    /// Three passes of the first model at the first batch size.
    func passes(on device: ComputeDevice, _ array: InputArray?) throws(FoveaError) -> ChromeTrace {
        var options = sessionOptions
        options.backend.profiles = true
        let session = try open(models[0], array).session(on: device, options: options)
        let benchmark = benchmark(session, array, batchSize: batchSizes(array)[0])
        return ChromeTrace(host: "host", device: device.name, passes: try benchmark.trace(runs: 3))
    }

    /// Opens a model, with the size of the array where one is given.
    func open(_ model: Model, _ array: InputArray?) throws(FoveaError) -> OpenedModel {
        guard let random else {
            let files = try modelOptions.files()
            if let array { return try array.open(files, modelOptions, path: input ?? "") }
            return try files.open(modelOptions.overrides(inputSize: model.inputSize))
        }
        let files = try ModelFiles.random(random, inputSize: array?.size ?? model.inputSize, depth: model.depth)
        return try files.open(modelOptions.overrides(inputSize: nil))
    }

    /// The array's own, or those asked for.
    func batchSizes(_ array: InputArray?) -> [Int] { array.map { [$0.count] } ?? batchSize?.values ?? [1] }

    /// What is timed: the array that was given, or random pictures.
    func benchmark(_ session: any InferenceSession, _ array: InputArray?, batchSize: Int) -> ModelBenchmark {
        guard let array else { return ModelBenchmark(session, batchSize: batchSize) }
        return ModelBenchmark(session, array.input(0..<array.count, .halves))
    }

    /// Options of the sessions that are timed.
    var sessionOptions: SessionOptions { deviceOptions.sessionOptions(for: modelOptions) }

    /// The reference has no roofline: it is written to be read.
    private func roofline(of device: ComputeDevice, refresh: Bool = false) throws(FoveaError) -> Roofline? {
        guard case .openCL(let device) = device else { return nil }
        return try Roofline(of: device, refresh: refresh || refreshRoofline) { verbosity.detail($0) }
    }

    private func fmaProbe(of device: ComputeDevice) throws(FoveaError) -> FMAProbe? {
        guard case .openCL(let device) = device else { return nil }
        do {
            return try FMAProbe(device, cache: .standard)
        } catch {
            throw FoveaError(error)
        }
    }

    private var limit: ModelBenchmark.Limit { iterations.map { .iterations($0) } ?? .seconds(seconds) }

    private func measure(
        _ opened: OpenedModel, _ array: InputArray?, on device: ComputeDevice, versus rival: ComputeDevice?,
        into report: inout BenchmarkReport
    ) throws {
        let start = ContinuousClock.now
        let session = try opened.session(on: device, options: sessionOptions)
        if report.rows.isEmpty {
            report.loadSeconds = start.duration(to: .now) / .seconds(1)
            verbosity.detail(device: session.deviceName, session.precision)
        }
        let rivalSession = try rival.map { rival throws(FoveaError) in
            try opened.session(on: rival, options: sessionOptions)
        }
        report.device.precision = session.precision
        report.device.multipliesMatrices = session.selection?.product.form.instruction != nil
        if let rivalSession {
            report.rival?.precision = rivalSession.precision
            report.rival?.multipliesMatrices = rivalSession.selection?.product.form.instruction != nil
        }
        for size in batchSizes(array) {
            let benchmark = benchmark(session, array, batchSize: size)
            if report.firstRunSeconds == nil { report.firstRunSeconds = try benchmark.run() / .seconds(1) }
            var row: BenchmarkReport.Row
            if let rivalSession {
                let measured = try benchmark.measure(
                    against: self.benchmark(rivalSession, array, batchSize: size), limit, warmUp: warmUp)
                row = .init(configuration: opened.configuration, batchSize: size, own: measured.own)
                row.rival = measured.other
            } else {
                let measured = try benchmark.measure(limit, warmUp: warmUp)
                row = .init(configuration: opened.configuration, batchSize: size, own: measured)
            }
            row.streamSeconds = try benchmark.stream(limit, warmUp: warmUp)
            report.rows.append(row)
        }
    }

    /// Profiles on a session of its own, because events cost time that plain runs do not pay.
    private func profile(
        _ opened: OpenedModel, _ array: InputArray?, on device: ComputeDevice, with probe: FMAProbe?,
        _ rows: inout ArraySlice<BenchmarkReport.Row>
    ) throws {
        var options = sessionOptions
        options.backend.profiles = true
        let session = try opened.session(on: device, options: options)
        for index in rows.indices {
            rows[index].profile = try benchmark(session, array, batchSize: rows[index].batchSize).profile(
                runs: min(rows[index].own.count, 200), warmUp: max(warmUp, 1), with: probe)
        }
    }
}

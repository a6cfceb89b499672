import ArgumentParser
import CheckpointsHDF5
import Fovea
import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import VisionModels

/// `fovea verify`: a device held to the reference, number by number.
struct Verify: ParsableCommand, VerboseCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare every operation on a device with the CPU reference.",
        discussion: """
            Every operation runs in every kernel that the device can run, over shapes that straddle the edges of tiles, \
            twice, into memory filled with NaN. An error is e = max|Δ| / rms(expected). Only with --model or --random is a \
            whole model compared too, layer by layer, and the promise is checked that a picture's logits are the same bits in every \
            batch. With --golden only that folder's stored outputs are compared. Exit 0 only if all hold, 1 otherwise.

            Example:
              fovea verify --device gpu --model models/vit_base_patch16_224
            """)

    @OptionGroup var deviceOptions: DeviceOptions
    @OptionGroup var modelOptions: ModelOptions

    @Option(help: ArgumentHelp("In place of a model, random weights of this timm architecture.", valueName: "name"))
    var random: String?

    @Option(help: ArgumentHelp("Size the model sees, as 224 or HEIGHTxWIDTH.", valueName: "HxW"))
    var inputSize: InputSize?

    @Option(
        help: ArgumentHelp(
            "Folder with input.npy, the outputs stored for it, and the model unless --model names another.",
            valueName: "folder"))
    var golden: String?

    @Option(
        help: ArgumentHelp(
            "Only this operation: \(Operation.allCases.map(\.commandName).joined(separator: ", ")).", valueName: "name"),
        transform: Operation.init(commandName:))
    var operation: [Operation] = []

    @Flag(help: "A few tiny shapes in place of all, for devices that interpret.")
    var small = false

    @Flag(
        help: ArgumentHelp(
            "With two shapes each the kernels of matrix instructions, too, as functions where the device has none.",
            visibility: .hidden))
    var emulated = false

    @Flag(
        help: "Put every buffer before a page that cannot be touched, so that an access past its end stops the program."
    )
    var guarded = false

    @OptionGroup var verbosity: Verbosity

    func run() throws {
        let device = try deviceOptions.resolveOne("verify compares")
        if guarded { try checkCanGuard(device) }
        var tally = VerificationTally()
        if let golden {
            try verify(golden: golden, on: device, &tally)
        } else {
            // A model that cannot be opened is told before minutes of work.
            let opened = namesModel ? try openModel() : nil
            try verifyOperations(on: device, &tally)
            if let opened { try verify(opened, on: device, &tally) }
        }
        Console.write("\n\(tally.sentence)\n")
        if !tally.failures.isEmpty { throw ExitCode(ExitStatus.someFailed.rawValue) }
    }

    func validate() throws {
        try inputSize?.checkSides()
        if modelOptions.model != nil, random != nil { throw ValidationError("give --model or --random, not both") }
        if golden != nil, random != nil { throw ValidationError("give --golden or --random, not both") }
        if golden != nil, small || !operation.isEmpty {
            throw ValidationError(
                "--golden compares a folder's stored outputs alone; leave out --operation and --small, or --golden")
        }
    }

    private var namesModel: Bool { modelOptions.model != nil || random != nil }

    private func checkCanGuard(_ device: ComputeDevice) throws {
        if case .openCL(let device) = device, device.kind == .cpu { return }
        throw ValidationError(
            "--guarded needs an OpenCL CPU device, whose kernels run in this process; \(device.name) is none")
    }
}

// MARK: - What is verified

extension Verify {
    private func verifyOperations(on device: ComputeDevice, _ tally: inout VerificationTally) throws {
        guard case .openCL(let device) = device else {
            if namesModel { return }
            throw FoveaError(
                .noDevice, code: "REFERENCE_ONLY",
                "the operations of \(device.name) are the definition that devices are compared with; name an OpenCL "
                    + "device, or give --model or --golden")
        }
        Console.write(
            "\(device.name) (opencl:\(device.index), \(device.platformName), driver \(device.driverVersion))\n\n")
        let table = TextTable(columns: [
            .words("operation", 15), .words("kernel", 29), .number("cases", 5), .number("worst e", 8),
            .number("allowed", 8), .words("worst case", 0),
        ])
        table.writeTitles()
        let kept = DeviceTunings(of: DeviceIdentity(device), in: .standard) { Console.say("fovea: \($0)") }
        let verifier = OperationVerifier(
            device, isSmall: small, emulates: emulated, placement: guarded ? .guarded : .device, measured: kept.values)
        for operation in operation.isEmpty ? Operation.allCases : operation {
            try verifier.verify(operation) { form, agreement in
                tally.count(agreement, as: "\(agreement.name), \(form)")
                if verbosity.verbose { Console.write("  \(form): \(agreement.name): \(agreement.line)\n") }
            } eachForm: { report in
                guard let worst = report.worst else { return }
                table.writeRow([
                    operation.commandName, "\(report.form)", "\(report.agreements.count)", worst.error,
                    worst.tolerance.scientific, worst.name,
                ])
            }
        }
    }

    private func openModel() throws -> OpenedModel {
        let files =
            try random.map { name throws(FoveaError) in try ModelFiles.random(name) }
            ?? modelOptions.files(quiet: verbosity.quiet)
        return try files.open(modelOptions.overrides(inputSize: inputSize))
    }

    private func verify(_ opened: OpenedModel, on device: ComputeDevice, _ tally: inout VerificationTally) throws {
        let session = try opened.session(on: device, options: sessionOptions)
        Console.write(
            "\n\(opened.files.name) (\(opened.configuration.architecture)) on \(device.name) in \(session.precision.rawValue)\n\n"
        )
        if case .openCL = device {
            let reference = try opened.session(on: .reference, options: sessionOptions)
            let table = Self.writeTitles("a random picture")
            for agreement in try ModelVerifier.compare(session, with: reference, in: session.precision) {
                table.writeRow([agreement.name, agreement.error, agreement.allowed])
                tally.count(agreement, as: agreement.name)
            }
            Console.write("\n")
        }
        Console.write("batch invariance, bit for bit\n")
        for comparison in try BatchInvariance.check(session) {
            tally.count(comparison.difference, as: "a picture's output, \(comparison.name)")
            Console.write("  \(comparison.name): \(comparison.difference.map { "differs \($0)" } ?? "same bits")\n")
        }
    }

    private func verify(golden path: String, on device: ComputeDevice, _ tally: inout VerificationTally) throws {
        let golden = try GoldenFolder(path)
        let files =
            try modelOptions.model == nil
            ? ModelFiles(path, formats: [.hdf5]) : modelOptions.files(quiet: verbosity.quiet)
        let opened = try files.open(modelOptions.overrides(inputSize: inputSize ?? golden.inputSize))
        let session = try opened.session(on: device, options: sessionOptions)
        Console.write(
            "\(files.name) (\(opened.configuration.architecture)) on \(device.name) in \(session.precision.rawValue)\n\n"
        )
        let table = Self.writeTitles("stored output")
        for agreement in try golden.compare(session, tolerance: ModelVerifier.tolerance(in: session.precision)) {
            table.writeRow([agreement.name, agreement.error, agreement.allowed])
            tally.count(agreement, as: agreement.name)
        }
    }

    private static func writeTitles(_ first: String) -> TextTable {
        let table = TextTable(columns: [.words(first, 16), .number("e", 8), .number("allowed", 8)])
        table.writeTitles()
        return table
    }

    private var sessionOptions: SessionOptions {
        var options = deviceOptions.sessionOptions(for: modelOptions, inPrecision: .exactly(.float32))
        options.backend.fillsWithNaN = true
        options.probesAnew = true
        if guarded { options.backend.placement = .guarded }
        return options
    }
}

/// How many checks were made, how many errors were only measured, and what failed.
private struct VerificationTally {
    private var checks = 0
    private var measurements = 0
    private(set) var failures: [String] = []

    mutating func count(_ agreement: Agreement, as name: String) {
        // An error without a bound is no check, unless it is no number.
        guard agreement.tolerance.isFinite || !agreement.holds else {
            measurements += 1
            return
        }
        count(agreement.holds ? nil : agreement.explanation, as: name)
    }

    mutating func count(_ problem: String?, as name: String) {
        checks += 1
        if let problem { failures.append("\(name): \(problem)") }
    }

    /// The end of the output: that all hold, or every failure on a line.
    var sentence: String {
        let measured = measurements == 0 ? "" : "; \(measurements) errors were measured, without a bound"
        if failures.isEmpty { return "all \(checks) checks hold\(measured)" }
        return (failures.map { "FAILED \($0)" } + ["\(failures.count) of \(checks) checks failed\(measured)"])
            .joined(separator: "\n")
    }
}

extension Agreement {
    /// e in short, or that there is none.
    fileprivate var error: String { deviation?.normalized.scientific ?? "none" }

    /// The bound in short; a word where there is none.
    fileprivate var allowed: String { tolerance.isFinite ? tolerance.scientific : "measured" }

    /// What `--verbose` tells of a case.
    fileprivate var line: String {
        holds ? "e = \(error), allowed \(tolerance.scientific)" : "FAILED, \(explanation)"
    }
}

extension Operation {
    /// Reads a name such as `layer-norm` or `layer_norm`.
    init(commandName name: String) throws {
        let wanted = name.lowercased().filter { $0 != "-" && $0 != "_" }
        guard let found = Operation.allCases.first(where: { $0.rawValue.lowercased() == wanted }) else {
            let names = Operation.allCases.map(\.commandName).joined(separator: ", ")
            throw ValidationError("'\(name)' is no operation; there are \(names)")
        }
        self = found
    }

    /// The name as the command line has it: `layer-norm`.
    var commandName: String {
        rawValue.reduce(into: "") { name, letter in
            name += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
        }
    }
}

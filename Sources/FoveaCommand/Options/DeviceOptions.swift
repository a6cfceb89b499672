import ArgumentParser
import Fovea
import OpenCLOperations
import Operations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where to compute, and how exactly.
struct DeviceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "auto, gpu, cpu (the reference, without OpenCL), opencl:N, or part of a device's name.",
            discussion: "Without it $FOVEA_DEVICE counts, else auto: the first GPU that passes its self-test, else the "
                + "first OpenCL CPU device, else cpu.",
            valueName: "device"))
    var device: DeviceRequest?

    @Option(help: ArgumentHelp("What numbers are multiplied as; auto is float32.", valueName: "type"))
    var precision = PrecisionName.auto

    /// The device asked for here, in the environment, or `auto`; throws category `noDevice` where it cannot compute in
    /// the precision asked for.
    func resolve(verbose: Bool) throws -> ComputeDevice {
        let found = try ComputeDevice(request()) { Console.say("fovea: \($0)") }
        try precision.check(on: found)
        if verbose { Console.say("fovea: computing on \(found.name) in \(precision.resolved)") }
        return found
    }

    /// How a model that was asked for so computes here.
    func sessionOptions(for model: ModelOptions) -> SessionOptions {
        var options = SessionOptions()
        options.backend.precision = precision.computed
        options.allowsNonFinite = model.allowNonfinite
        options.report = { Console.say("fovea: \($0)") }
        return options
    }

    private func request() throws -> DeviceRequest {
        if let device { return device }
        guard let variable = getenv("FOVEA_DEVICE") else { return .automatic }
        let text = String(cString: variable)
        guard !text.isEmpty else { return .automatic }
        guard let request = DeviceRequest(text) else {
            throw ValidationError(
                "FOVEA_DEVICE is '\(text)': must be auto, gpu, cpu, opencl:N or part of a device's name")
        }
        return request
    }
}

extension DeviceRequest: ExpressibleByArgument {
    /// Reads a device as the command line names it.
    public init?(argument: String) { self.init(argument) }
}

/// A precision as the command line names it.
enum PrecisionName: String, ExpressibleByArgument, CaseIterable {
    case auto
    case float32
    case float16
    case bfloat16
    case int8

    /// Those that backends compute in are offered; the others are answered in a sentence.
    static var allValueStrings: [String] { [auto.rawValue] + Precision.allCases.map(\.rawValue) }

    /// What backends compute in; nil where none does.
    private var known: Precision? { Precision(rawValue: resolved) }

    /// What a device computes in that passed `check(on:)`.
    var computed: Precision { known ?? .float32 }

    /// What results call it.
    var resolved: String { self == .auto ? PrecisionName.float32.rawValue : rawValue }

    /// Throws category `noDevice` where a device does not compute in this precision.
    func check(on device: ComputeDevice) throws(FoveaError) {
        let possible: [Precision] = if case .reference = device { [.float32] } else { Precision.allCases }
        guard known.map(possible.contains) != true else { return }
        let names = possible.map(\.rawValue).joined(separator: ", ")
        throw FoveaError(
            .noDevice, code: "PRECISION",
            "\(device.name) cannot compute in \(rawValue); choose among what works there: \(names)")
    }
}

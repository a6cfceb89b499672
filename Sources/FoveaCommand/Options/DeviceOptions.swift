import ArgumentParser
import Fovea
import OpenCLOperations

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where to compute, and how exactly.
struct DeviceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "auto, gpu, cpu (the reference, without OpenCL), opencl:N, part of a device's name, or all.",
            discussion: "Without it $FOVEA_DEVICE counts, else auto: the first GPU that passes its self-test, else the "
                + "first OpenCL CPU device, else cpu. all is every device of the same name and driver as the first that "
                + "auto would choose; each takes the next batch as it is free, and answers have the bits of a single one. "
                + "Commands for one picture or array take the first of them.",
            valueName: "device"))
    var device: DeviceRequest?

    @Option(
        help: ArgumentHelp(
            "What numbers are multiplied as. (default: auto; of run and verify: float32)",
            discussion:
                "auto is float32 on CPU devices and on GPUs without matrix instructions, else bfloat16, or float16 "
                + "where they do not multiply that.",
            valueName: "type"))
    var precision: PrecisionRequest?

    /// The device asked for here, in the environment, or `auto`, of `all` the first; throws category `noDevice` where it
    /// cannot compute in the precision asked for.
    func resolve() throws -> ComputeDevice {
        let found = try ComputeDevice(request()) { Console.say("fovea: \($0)") }
        try precision?.check(on: found)
        return found
    }

    /// The devices asked for, several for `all`; throws as `resolve` does.
    func resolveAll() throws -> [ComputeDevice] {
        let found = try ComputeDevice.all(request()) { Console.say("fovea: \($0)") }
        for device in found { try precision?.check(on: device) }
        return found
    }

    /// The device asked for; throws a usage error for `all`, because `work`, such as "bench measures", is of a single one.
    func resolveOne(_ work: String) throws -> ComputeDevice {
        try request().checkNamesOne(work)
        return try resolve()
    }

    /// How a model that was asked for so computes here.
    ///
    /// - Parameter precision: What counts where the user names none.
    func sessionOptions(
        for model: ModelOptions, inPrecision precision: PrecisionRequest = .automatic
    ) -> SessionOptions {
        var options = SessionOptions()
        options.backend.shareCompilation = CompileWorker.start
        options.backend.precision = (self.precision ?? precision).precision
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
                "FOVEA_DEVICE is '\(text)': must be auto, gpu, cpu, all, opencl:N or part of a device's name")
        }
        return request
    }
}

extension DeviceRequest: ExpressibleByArgument {
    /// Reads a device as the command line names it.
    public init?(argument: String) { self.init(argument) }

    /// Throws a usage error for `all`, because `work`, such as "bench measures", is of a single device.
    func checkNamesOne(_ work: String) throws(FoveaError) {
        guard self == .all else { return }
        throw FoveaError(
            .usage, code: "ONE_DEVICE",
            "the device is 'all', but \(work) one at a time; name it as fovea devices lists them, such as opencl:0")
    }
}

extension PrecisionRequest: ExpressibleByArgument {
    /// Reads a precision as the command line names it.
    public init?(argument: String) { self.init(argument) }

    /// What is offered.
    public static var allValueStrings: [String] { names }
}

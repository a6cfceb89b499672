import ArgumentParser
import Fovea

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where to compute, and how exactly.
struct DeviceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "auto, gpu, cpu (the reference), opencl:N or part of a device's name; $FOVEA_DEVICE is the default.",
            valueName: "device"))
    var device: DeviceRequest?

    @Option(help: "auto or float32.")
    var precision = PrecisionName.auto

    /// The device asked for here, in the environment, or `auto`.
    func resolve(verbose: Bool) throws -> ComputeDevice {
        var request = device
        if request == nil, let variable = getenv("FOVEA_DEVICE") {
            let text = String(cString: variable)
            guard let parsed = DeviceRequest(text) else {
                throw ValidationError("FOVEA_DEVICE '\(text)' names no device")
            }
            request = parsed
        }
        let found = try ComputeDevice(request ?? .automatic) { Console.say("fovea: \($0)") }
        if verbose { Console.say("fovea: computing on \(found.name)") }
        return found
    }
}

extension DeviceRequest: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

/// A precision as the command line names it.
enum PrecisionName: String, ExpressibleByArgument, CaseIterable {
    case auto
    case float32

    /// What results call it.
    var resolved: String { "float32" }
}

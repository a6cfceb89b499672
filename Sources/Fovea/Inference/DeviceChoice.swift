import OpenCLOperations
package import OpenCLRuntime

/// Where a user wants to compute: `--device`.
package enum DeviceRequest: Sendable, Hashable {
    /// The first GPU that passes its self-test, else the first OpenCL CPU device, else the reference.
    case automatic
    /// The first GPU.
    case gpu
    /// The reference backend, without OpenCL.
    case reference
    /// Every device of the same name and driver as the first.
    case all
    /// A device by its number.
    case index(Int)
    /// A device by a part of its name or its platform's, case ignored.
    case name(String)

    /// Reads `auto`, `gpu`, `cpu`, `all`, `opencl:N` or part of a name; nil for an empty text or a number that is none.
    package init?(_ text: String) {
        switch text {
        case "": return nil
        case "auto": self = .automatic
        case "gpu": self = .gpu
        case "cpu": self = .reference
        case "all": self = .all
        default:
            guard text.hasPrefix("opencl:") else {
                self = .name(text)
                return
            }
            guard let index = Int(text.dropFirst(7)), index >= 0 else { return nil }
            self = .index(index)
        }
    }
}

extension DeviceRequest {
    /// Reads what a program passes; throws a usage error for a text that names no device.
    init(named text: String) throws(FoveaError) {
        guard let request = DeviceRequest(text) else {
            throw FoveaError(
                .usage, code: "DEVICE_NAME",
                "'\(text)' names no device; use auto, gpu, cpu, opencl:N or part of a name")
        }
        self = request
    }
}

/// Where a model computes.
package enum ComputeDevice: Sendable {
    /// The reference backend.
    case reference
    /// An OpenCL device.
    case openCL(Device)

    /// The name that results carry.
    package var name: String {
        switch self {
        case .reference: "cpu (reference)"
        case .openCL(let device): device.name
        }
    }

    /// Finds the device that a user asked for.
    ///
    /// - Parameter report: Is told, in a sentence, why a device was passed over.
    /// - Throws: `FoveaError` of category `noDevice`, naming the devices there are.
    package init(_ request: DeviceRequest, report: (String) -> Void = { _ in }) throws(FoveaError) {
        let devices: [Device]
        do throws(OpenCLError) {
            devices = request == .reference ? [] : try Device.discover()
        } catch {
            guard request == .automatic else { throw FoveaError(error) }
            report("no OpenCL device: \(error); computing with the reference backend")
            devices = []
        }
        switch request {
        case .reference: self = .reference
        case .automatic:
            let choice = AutomaticChoice(among: devices)
            for (device, verdict) in zip(devices, choice.verdicts) {
                guard case .failedSelfTest(let failure) = verdict else { continue }
                report("passing over \(device.name), whose self-test failed: \(failure)")
            }
            self = choice.device
        case .gpu:
            let found = devices.first { $0.kind == .gpu && DeviceProfile($0).isEligibleForAutomaticChoice }
            guard let found else { throw .noDevice("no GPU among the OpenCL devices", devices) }
            self = .openCL(found)
        case .all:
            let choice = AutomaticChoice(among: devices).device
            guard case .openCL(let first) = choice else { throw .noDevice("no OpenCL device to use all of", devices) }
            let alike = devices.filter { $0.name == first.name && $0.driverVersion == first.driverVersion }
            guard alike.count == 1 else {
                throw .noDevice("\(alike.count) devices are called \(first.name), and one at a time is used", devices)
            }
            self = choice
        case .index(let index):
            guard devices.indices.contains(index) else { throw .noDevice("no OpenCL device number \(index)", devices) }
            self = .openCL(devices[index])
        case .name(let part):
            let wanted = part.lowercased()
            let found =
                devices.first { $0.name.lowercased().contains(wanted) }
                ?? devices.first { $0.platformName.lowercased().contains(wanted) }
            guard let found else { throw .noDevice("no OpenCL device is called '\(part)'", devices) }
            self = .openCL(found)
        }
    }
}

extension FoveaError {
    fileprivate static func noDevice(_ problem: String, _ devices: [Device]) -> FoveaError {
        let list = devices.map { "opencl:\($0.index) \($0.name)" }.joined(separator: ", ")
        return FoveaError(
            .noDevice, code: "NO_DEVICE",
            devices.isEmpty
                ? "\(problem): there is none; install an OpenCL driver, or use --device cpu"
                : "\(problem); there are \(list) and cpu (the reference)")
    }
}

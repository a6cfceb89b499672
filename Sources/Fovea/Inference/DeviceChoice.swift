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
                "'\(text)' names no device; use auto, gpu, cpu, all, opencl:N or part of a name")
        }
        self = request
    }
}

extension Device {
    /// Whether another device gives the same bits: its name, driver and platform are the same.
    fileprivate func isLike(_ other: Device) -> Bool {
        name == other.name && driverVersion == other.driverVersion && platformName == other.platformName
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

    /// What messages call it: its name, and its number where it has one.
    var title: String {
        switch self {
        case .reference: name
        case .openCL(let device): "opencl:\(device.index) \(device.name)"
        }
    }

    /// Finds the devices that a user asked for: several for `all` alone, of one name and driver.
    ///
    /// - Parameter report: Is told, in a sentence, why a device was passed over.
    /// - Throws: `FoveaError` of category `noDevice`, naming the devices there are.
    package static func all(
        _ request: DeviceRequest, report: (String) -> Void = { _ in }
    ) throws(FoveaError) -> [ComputeDevice] {
        let first = try ComputeDevice(request, report: report)
        guard request == .all, case .openCL(let device) = first else { return [first] }
        do throws(OpenCLError) {
            return try Device.discover().filter { other in
                guard other !== device else { return true }
                guard other.isLike(device) else { return false }
                // The first has passed its own.
                guard device.kind != .cpu, let failure = SelfTest.failure(of: other) else { return true }
                report("passing over opencl:\(other.index) \(other.name), whose self-test failed: \(failure)")
                return false
            }.map { .openCL($0) }
        } catch {
            throw FoveaError(error)
        }
    }

    /// Finds the device that a user asked for; of `all` it is the first.
    ///
    /// - Parameter report: Is told, in a sentence, why a device was passed over.
    /// - Throws: `FoveaError` of category `noDevice`, naming the devices there are.
    package init(_ request: DeviceRequest, report: (String) -> Void = { _ in }) throws(FoveaError) {
        let devices: [Device]
        do throws(OpenCLError) {
            devices = request == .reference ? [] : try Device.discover()
        } catch {
            guard request == .automatic else { throw FoveaError(error) }
            report("computing with the reference backend, for there is no OpenCL device. \(error)")
            devices = []
        }
        switch request {
        case .reference: self = .reference
        case .automatic, .all:
            let choice = AutomaticChoice(among: devices)
            for (device, verdict) in zip(devices, choice.verdicts) {
                guard case .failedSelfTest(let failure) = verdict else { continue }
                report("passing over \(device.name), whose self-test failed: \(failure)")
            }
            if request == .all, case .reference = choice.device {
                throw .noDevice("no OpenCL device to use all of", devices)
            }
            self = choice.device
        case .gpu:
            let found = devices.first { $0.kind == .gpu && DeviceProfile($0).isEligibleForAutomaticChoice }
            guard let found else { throw .noDevice("no GPU among the OpenCL devices", devices) }
            self = .openCL(found)
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

package import Checkpoints
package import OpenCLOperations
import OpenCLRuntime

extension KernelCompilation {
    /// Reads what `json` gave; nil for anything else.
    package init?(_ json: JSON) {
        guard let device = json["device"]?.integer, let launches = json["launches"]?.array else { return nil }
        self.init(device: device, launches: launches.compactMap(Launch.init))
        guard self.launches.count == launches.count else { return nil }
    }

    /// The device's number and the launches.
    package var json: JSON { ["device": JSON(device), "launches": .array(launches.map(\.json))] }
}

extension KernelCompilation.Launch {
    fileprivate init?(_ json: JSON) {
        guard let kernel = json["kernel"]?.string, let defines = DeviceTunings.integers(json["defines"]),
            let arguments = json["arguments"]?.array, let global = json["global"].flatMap(NDRange.init)
        else { return nil }
        let local = json["local"].flatMap(NDRange.init)
        guard json["local"] == .null || local?.dimensions == global.dimensions else { return nil }
        self.init(
            Specialization(kernel, defines), arguments: arguments.compactMap(KernelCompilation.Argument.init),
            global: global, local: local)
        guard self.arguments.count == arguments.count else { return nil }
    }

    fileprivate var json: JSON {
        [
            "kernel": JSON(specialization.kernel), "defines": DeviceTunings.json(specialization.defines),
            "arguments": .array(arguments.map(\.json)), "global": global.json, "local": local?.json ?? .null,
        ]
    }
}

extension KernelCompilation.Argument {
    fileprivate init?(_ json: JSON) {
        switch (json.string, json["buffer"]?.integer, json["int"]?.integer) {
        case (_, let byteCount?, _) where byteCount > 0: self = .buffer(byteCount)
        case (_, _, let value?) where Int32(exactly: value) != nil: self = .int(value)
        case ("unused", _, _): self = .unused
        case ("float", _, _): self = .float
        case ("float4", _, _): self = .float4
        default: return nil
        }
    }

    fileprivate var json: JSON {
        switch self {
        case .buffer(let byteCount): ["buffer": JSON(byteCount)]
        case .unused: "unused"
        case .int(let value): ["int": JSON(value)]
        case .float: "float"
        case .float4: "float4"
        }
    }
}

extension NDRange {
    fileprivate init?(_ json: JSON) {
        guard let array = json.array, (1...3).contains(array.count) else { return nil }
        let sizes = array.compactMap(\.integer).filter { $0 > 0 }
        guard sizes.count == array.count else { return nil }
        self =
            sizes.count == 1 ? [sizes[0]] : sizes.count == 2 ? [sizes[0], sizes[1]] : [sizes[0], sizes[1], sizes[2]]
    }

    fileprivate var json: JSON { .array([x, y, z].prefix(dimensions).map { JSON($0) }) }
}

import ArgumentParser
import Checkpoints
import Fovea
import OpenCLOperations
import OpenCLRuntime
import Operations

/// `fovea devices`: where models can compute.
struct Devices: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List every OpenCL device, what it can do and which kernels it would get.",
        discussion: """
            Numbers and names are what --device takes. GPUs are put to a short self-test, as `auto` does it, and to the \
            probe of their matrix instructions, as the first model does that uses them: what compiles and computes \
            rightly is timed, and what is found is kept for this device, driver and version of Fovea.

            Example:
              fovea devices --format json
            """)

    @Option(help: "text or json.")
    var format = ReportFormat.text

    func run() throws {
        let survey = DeviceSurvey()
        switch format {
        case .text: Console.write(survey.text)
        case .json: Console.write(survey.json.text(.pretty) + "\n")
        }
    }
}

/// How a report is written.
enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case text
    case json
}

extension DeviceSurvey {
    /// A paragraph a device.
    fileprivate var text: String {
        var paragraphs = entries.map(\.text)
        if let absence { paragraphs.append("no OpenCL device: \(absence)\n") }
        let isChosen = if case .reference = automatic { true } else { false }
        paragraphs.append(
            """
            cpu: the reference
              kind        plain Swift in double precision, without OpenCL: what devices are compared with
              auto        \(isChosen ? "auto computes here" : "auto prefers a device")

            """)
        return paragraphs.joined(separator: "\n")
    }

    fileprivate var json: JSON {
        var object: JSON = [
            "devices": .array(entries.map(\.json)),
            "reference": ["request": "cpu", "name": JSON(ComputeDevice.reference.name)],
            "automatic": JSON(automaticRequest),
        ]
        if let absence, case .object(var members) = object {
            members["absence"] = JSON(absence)
            object = .object(members)
        }
        return object
    }

    private var automaticRequest: String {
        switch automatic {
        case .reference: "cpu"
        case .openCL(let device): "opencl:\(device.index)"
        }
    }
}

extension DeviceSurvey.Entry {
    fileprivate var text: String {
        let unified = device.isMemoryUnified ? ", shared with the host" : ""
        let clock = device.maximumClockFrequency > 0 ? " at up to \(device.maximumClockFrequency) MHz" : ""
        let local = device.isLocalMemoryDedicated ? "" : " (in global memory)"
        return """
            opencl:\(device.index): \(device.name)
              kind        \(device.kind.rawValue), \(device.vendor)
              platform    \(device.platformName), \(device.platformVersion)
              driver      \(device.driverVersion), \(device.version), \(device.openCLCVersion)
              memory      \(device.globalMemory.asBytes)\(unified), largest buffer \(device.maximumAllocation.asBytes), \
            local \((Double(device.localMemory) / 1024).formatted(decimals: 0)) KiB\(local)
              compute     \(device.computeUnits) units\(clock), work-groups up to \(device.maximumWorkGroupSize), \
            \(device.nativeFloatVectorWidth) floats a register
              can         \(abilities.joined(separator: ", "))
              extensions  \(notableExtensions.isEmpty ? "none that matter" : notableExtensions.joined(separator: " "))
              kernels     \(kernelLines.joined(separator: "\n              "))
              precision   \((["float32"] + narrowProducts.map(\.description)).joined(separator: ", "))
              matrices    \(matrixLines.joined(separator: "\n              "))
              auto        \(verdict)

            """
    }

    /// What probes found of the instructions that the device should have, and why not the others.
    private var matrixLines: [String] {
        let found = probed.flatMap { selection in
            ["\(selection.product)" + (selection.attends ? ", attention too" : "") + selection.remark]
                + selection.refusals.map { "  \($0)" }
        }
        return (found.isEmpty ? ["no matrix instruction"] : found)
            + matrixInstructions.compactMap { instruction, refusal in
                refusal.map { "not \(instruction.form.rawValue): \($0)" }
            }
    }

    private var abilities: [String] {
        let able: [(String, Bool)] = [
            ("float32", true), ("half arithmetic", device.supportsHalf), ("double arithmetic", device.supportsDouble),
            ("compiling from source", device.hasCompiler),
        ]
        return able.filter(\.1).map(\.0)
    }

    private var kernelLines: [String] {
        kernels.map { operation, variants in
            let names = variants.map(\.rawValue)
            let norm = operation == .linear ? ", layer norm \(fusesLayerNorm ? "fused" : "apart")" : ""
            let others = names.dropFirst().isEmpty ? "" : " (or \(names.dropFirst().joined(separator: ", ")))"
            return "\(operation.commandName) \(names[0])\(norm)\(others)"
        }
    }

    fileprivate var json: JSON {
        let kernels = JSON.Object(
            self.kernels.map { ($0.operation.commandName, JSON.array($0.variants.map { JSON($0.rawValue) })) })
        return [
            "request": JSON("opencl:\(device.index)"), "name": JSON(device.name), "vendor": JSON(device.vendor),
            "kind": JSON(device.kind.rawValue), "platform": JSON(device.platformName),
            "platformVersion": JSON(device.platformVersion), "version": JSON(device.version),
            "driver": JSON(device.driverVersion), "language": JSON(device.openCLCVersion),
            "globalMemory": JSON(device.globalMemory), "maximumAllocation": JSON(device.maximumAllocation),
            "localMemory": JSON(device.localMemory), "memoryIsUnified": JSON(device.isMemoryUnified),
            "computeUnits": JSON(device.computeUnits), "maximumWorkGroupSize": JSON(device.maximumWorkGroupSize),
            "maximumClockMHz": JSON(device.maximumClockFrequency),
            "nativeFloatVectorWidth": JSON(device.nativeFloatVectorWidth),
            "abilities": .array(abilities.map { JSON($0) }), "extensions": .array(notableExtensions.map { JSON($0) }),
            "kernels": .object(kernels), "fusesLayerNorm": JSON(fusesLayerNorm),
            "precisions": .object(
                JSON.Object(narrowProducts.map { ($0.precision.rawValue, JSON($0.form.rawValue)) })),
            "matrixInstructions": .object(
                JSON.Object(
                    matrixInstructions.map { ($0.instruction.form.rawValue, $0.refusal.map { JSON($0) } ?? true) })),
            "probes": .object(JSON.Object(probed.map { ($0.product.precision.rawValue, $0.json) })),
            "isAutomatic": JSON(isChosen), "automatic": JSON("\(verdict)"),
        ]
    }

    private var isChosen: Bool { if case .chosen = verdict { true } else { false } }
}

extension NarrowSelection {
    /// Whether attention runs by a matrix instruction, or what takes its place.
    fileprivate var attends: Bool { attention != nil }

    /// What to know of a form that stands among matrix instructions and is none.
    fileprivate var remark: String {
        product.form.instruction?.isHardware == false ? ": shuffles and no matrix instruction, so auto is float32" : ""
    }

    fileprivate var json: JSON {
        [
            "form": JSON(product.form.rawValue), "attention": JSON(attends),
            "refusals": .array(refusals.map { JSON("\($0)") }),
        ]
    }
}

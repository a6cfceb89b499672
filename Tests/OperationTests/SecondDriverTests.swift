import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing

@Suite("Every operation agrees with its definition on each further driver", .serialized)
struct SecondDriverTests {
    /// Devices of other platforms than the first: those that OCL_ICD_FILENAMES adds.
    static let others: [Device] = {
        guard let first = TestDevice.first else { return [] }
        let eligible = (try? Device.discover())?.filter { DeviceProfile($0).isEligibleForAutomaticChoice } ?? []
        return eligible.filter { $0.platformName != first.platformName }
    }()

    @Test(
        "in every variant, for any kind of device",
        .enabled(
            if: !others.isEmpty,
            "one OpenCL driver here: Scripts/verify-on-second-driver installs Intel's for OCL_ICD_FILENAMES to name"),
        arguments: Operation.allCases)
    func agreement(operation: Operation) throws {
        let cases = OperationCases.all.filter { $0.operation == operation }
        let expected = cases.map { $0.run(on: ReferenceBackend()) }
        for device in Self.others {
            for way in Way.all(operation, on: device) {
                var options = OpenCLBackend.Options()
                options.variants = [operation: way.variant]
                options.fillsWithNaN = true
                (options.fusesLayerNorm, options.tunedAs) = (way.fusesLayerNorm, way.tunedAs)
                let backend = try OpenCLBackend(device, options: options)
                for (operationCase, expected) in zip(cases, expected) {
                    let deviation = Deviation(try operationCase.run(on: backend), from: expected)
                    #expect(
                        deviation.normalized <= operationCase.tolerance,
                        "\(operationCase), \(way.testDescription), \(device.name): \(deviation)")
                }
            }
        }
    }
}

import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing

@Suite("Every operation agrees with its definition on every driver there is", .serialized)
struct SecondDriverTests {
    /// The devices of all drivers, where there is more than one: OCL_ICD_FILENAMES adds some, before or after the system's.
    static let devices: [Device] = {
        let eligible = (try? Device.discover())?.filter { DeviceProfile($0).isEligibleForAutomaticChoice } ?? []
        return Set(eligible.map(\.platformName)).count > 1 ? eligible : []
    }()

    @Test(
        "in every variant, for any kind of device",
        .enabled(
            if: !devices.isEmpty,
            "one OpenCL driver here: Scripts/verify-on-second-driver installs Intel's for OCL_ICD_FILENAMES to name"),
        arguments: Operation.allCases)
    func agreement(operation: Operation) throws {
        let cases = OperationCases.all.filter { $0.operation == operation }
        let expected = cases.map { $0.run(on: ReferenceBackend()) }
        for device in Self.devices {
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

import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations

/// A short check of a device before `auto` trusts it: a few small cases of every operation against their definitions.
///
/// A driver that compiles wrongly is found here and never used silently.
enum SelfTest {
    /// What went wrong; nil where all answers were right.
    static func failure(of device: Device) -> String? {
        do {
            var options = OpenCLBackend.Options()
            options.programCache = ProgramCache.standard
            options.fillsWithNaN = true
            let backend = try OpenCLBackend(device, options: options)
            for operationCase in OperationCases.small {
                let deviation = Deviation(
                    try operationCase.run(on: backend), from: operationCase.run(on: ReferenceBackend()))
                guard deviation.normalized <= operationCase.tolerance else {
                    return "\(operationCase): \(deviation), allowed \(operationCase.tolerance)"
                }
            }
            return nil
        } catch {
            return "\(error)"
        }
    }
}

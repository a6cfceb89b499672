import OpenCLOperations
import OpenCLRuntime
import Testing

/// The device that tests run on: the first that a user would get.
enum TestDevice {
    static let first: Device? = (try? Device.discover())?.first { DeviceProfile($0).isEligibleForAutomaticChoice }
}

extension Trait where Self == ConditionTrait {
    /// Skips where there is no OpenCL device, and says so.
    static var requiresOpenCL: Self {
        .enabled(if: TestDevice.first != nil, "no OpenCL device here: install PoCL (Scripts/install-packages)")
    }
}

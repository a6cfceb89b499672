import OpenCLRuntime
import Testing

extension Trait where Self == ConditionTrait {
    /// Skips where no OpenCL device answers.
    static var requiresOpenCL: Self {
        .enabled(if: TestDevice.first != nil, "no OpenCL device: install a driver, such as pocl-opencl-icd")
    }
}

extension Tag {
    /// Needs an OpenCL device.
    @Tag static var device: Self
}

/// The device that the tests of this target run on.
enum TestDevice {
    /// The first one; nil where there is none.
    static let first = (try? Device.discover())?.first

    /// The first one, for suites that are skipped where there is none.
    static func require() throws -> Device { try #require(first) }
}

import COpenCL

/// One OpenCL device and the facts about it, asked once.
///
/// Found by `discover()`; immutable. Devices are never subdivided, so the handle needs no release.
@safe
package final class Device: Sendable {
    /// What kind of processor a device is.
    package enum Kind: String, Sendable, Hashable {
        case cpu, gpu, accelerator, other
    }

    /// The raw handle; only this target may use it.
    nonisolated(unsafe) let handle: cl_device_id
    /// The raw handle of the platform; only this target may use it.
    nonisolated(unsafe) let platform: cl_platform_id

    /// Position in `discover()`'s answer, from 0: the N of `opencl:N`.
    package let index: Int
    /// Name of the driver's platform: "Portable Computing Language".
    package let platformName: String
    /// Who made the platform.
    package let platformVendor: String
    /// "OpenCL major.minor" and what the platform adds.
    package let platformVersion: String
    /// Name of the device.
    package let name: String
    /// Who made the device.
    package let vendor: String
    /// "OpenCL major.minor" and what the driver adds.
    package let version: String
    /// Version of the driver.
    package let driverVersion: String
    /// "OpenCL C major.minor" and what the driver adds.
    package let openCLCVersion: String
    /// What kind of processor it is.
    package let kind: Kind
    /// Names of the extensions.
    package let extensions: Set<String>

    /// Memory of the device, in bytes.
    package let globalMemory: Int
    /// The largest single buffer, in bytes.
    package let maximumAllocation: Int
    /// Local memory of a work-group, in bytes.
    package let localMemory: Int
    /// Whether local memory is a memory of its own rather than a part of global memory.
    package let isLocalMemoryDedicated: Bool
    /// Whether device and host share one memory.
    package let isMemoryUnified: Bool
    /// Alignment of a buffer's address, in bytes.
    package let baseAddressAlignment: Int
    /// Size of the cache of global memory, in bytes; 0 where there is none.
    package let cacheSize: Int

    /// How many work-groups can run at once.
    package let computeUnits: Int
    /// The most work-items in a work-group.
    package let maximumWorkGroupSize: Int
    /// The most work-items in a work-group, by dimension.
    package let maximumWorkItemSizes: [Int]
    /// The most bytes of arguments a kernel can take.
    package let maximumParameterSize: Int
    /// How many floats a vector should have, says the driver.
    package let preferredFloatVectorWidth: Int
    /// How many floats a register has.
    package let nativeFloatVectorWidth: Int
    /// Whether kernels can compute in `double`.
    package let supportsDouble: Bool
    /// Whether kernels can compute in `half`; storage as `half` is always possible.
    package let supportsHalf: Bool
    /// Highest clock rate, in MHz; 0 where the driver does not tell.
    package let maximumClockFrequency: Int
    /// Step of the profiling clock, in nanoseconds.
    package let profilingTimerResolution: Int
    /// Whether the driver can compile source text, rather than only load binaries.
    package let hasCompiler: Bool
    /// Ten times the compute capability, as 90 for 9.0; 0 where the driver tells none.
    package let computeCapability: Int
    /// Sizes that a sub-group can be asked to have; empty where the driver tells none.
    package let subgroupSizes: [Int]

    /// Asks a device for all its facts.
    init(_ handle: cl_device_id, of platform: Platform, index: Int) throws(OpenCLError) {
        let query = unsafe DeviceQuery(handle: handle)
        unsafe self.handle = handle
        unsafe self.platform = platform.handle
        self.index = index
        platformName = platform.name
        platformVendor = platform.vendor
        platformVersion = platform.version
        name = try query.string(CL_DEVICE_NAME)
        vendor = try query.string(CL_DEVICE_VENDOR)
        version = try query.string(CL_DEVICE_VERSION)
        driverVersion = try query.string(CL_DRIVER_VERSION)
        openCLCVersion = try query.string(CL_DEVICE_OPENCL_C_VERSION)
        kind = Kind(type: try query.value(CL_DEVICE_TYPE, as: cl_device_type.self))
        extensions = Set(try query.string(CL_DEVICE_EXTENSIONS).split(separator: " ").map(String.init))

        globalMemory = try query.unsigned64(CL_DEVICE_GLOBAL_MEM_SIZE)
        maximumAllocation = try query.unsigned64(CL_DEVICE_MAX_MEM_ALLOC_SIZE)
        localMemory = try query.unsigned64(CL_DEVICE_LOCAL_MEM_SIZE)
        isLocalMemoryDedicated = try query.unsigned(CL_DEVICE_LOCAL_MEM_TYPE) == Int(CL_LOCAL)
        isMemoryUnified = try query.unsigned(CL_DEVICE_HOST_UNIFIED_MEMORY) != 0
        baseAddressAlignment = try query.unsigned(CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8
        cacheSize = try query.unsigned64(CL_DEVICE_GLOBAL_MEM_CACHE_SIZE)

        computeUnits = try query.unsigned(CL_DEVICE_MAX_COMPUTE_UNITS)
        maximumWorkGroupSize = try query.value(CL_DEVICE_MAX_WORK_GROUP_SIZE, as: Int.self)
        maximumWorkItemSizes = try query.sizes(
            CL_DEVICE_MAX_WORK_ITEM_SIZES, count: query.unsigned(CL_DEVICE_MAX_WORK_ITEM_DIMENSIONS))
        maximumParameterSize = try query.value(CL_DEVICE_MAX_PARAMETER_SIZE, as: Int.self)
        preferredFloatVectorWidth = try query.unsigned(CL_DEVICE_PREFERRED_VECTOR_WIDTH_FLOAT)
        nativeFloatVectorWidth = try query.unsigned(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT)
        supportsDouble = extensions.contains("cl_khr_fp64")
        supportsHalf = extensions.contains("cl_khr_fp16")
        maximumClockFrequency = try query.unsigned(CL_DEVICE_MAX_CLOCK_FREQUENCY)
        profilingTimerResolution = try query.value(CL_DEVICE_PROFILING_TIMER_RESOLUTION, as: Int.self)
        hasCompiler = try query.unsigned(CL_DEVICE_COMPILER_AVAILABLE) != 0
        // Questions of extensions: a driver that names the extension and refuses the question tells nothing.
        var capability = 0
        if extensions.contains("cl_nv_device_attribute_query"), let major = try? query.unsigned(0x4000),
            let minor = try? query.unsigned(0x4001)
        {
            capability = 10 * major + minor
        }
        computeCapability = capability
        subgroupSizes =
            extensions.contains { $0.hasSuffix("_required_subgroup_size") } ? (try? query.sizes(0x4108)) ?? [] : []
    }
}

extension Device.Kind {
    fileprivate init(type: cl_device_type) {
        func has(_ bit: Int32) -> Bool { type & cl_device_type(bit) != 0 }
        self =
            if has(CL_DEVICE_TYPE_GPU) {
                .gpu
            } else if has(CL_DEVICE_TYPE_CPU) {
                .cpu
            } else if has(CL_DEVICE_TYPE_ACCELERATOR) {
                .accelerator
            } else {
                .other
            }
    }
}

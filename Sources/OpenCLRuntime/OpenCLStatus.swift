/// A status that an OpenCL call returned, known by the name the specification gives it.
///
/// Source: the Khronos headers `CL/cl.h`, `CL/cl_ext.h` and `CL/cl_icd.h`.
package struct OpenCLStatus: RawRepresentable, Hashable, Sendable {
    /// The number as the driver returned it; negative for every failure.
    package let rawValue: Int32

    /// Wraps a number as a driver returned it.
    package init(rawValue: Int32) {
        self.rawValue = rawValue
    }

    /// The name in the specification, `CL_OUT_OF_RESOURCES` for −5; "an unknown status" for a number without one.
    package var name: String {
        switch rawValue {
        case 0: "CL_SUCCESS"
        case -1001: "CL_PLATFORM_NOT_FOUND_KHR"
        case -9999: "an unnamed driver failure (NVIDIA: illegal read or write to a buffer)"
        default: Self.table(for: rawValue) ?? "an unknown status"
        }
    }

    private static func table(for rawValue: Int32) -> String? {
        let (names, first): ([String], Int32) = rawValue > -30 ? (runtimeNames, -1) : (argumentNames, -30)
        let index = Int(first) - Int(rawValue)
        return names.indices.contains(index) ? "CL_" + names[index] : nil
    }

    /// −1, −2, … in order.
    private static let runtimeNames = [
        "DEVICE_NOT_FOUND", "DEVICE_NOT_AVAILABLE", "COMPILER_NOT_AVAILABLE", "MEM_OBJECT_ALLOCATION_FAILURE",
        "OUT_OF_RESOURCES", "OUT_OF_HOST_MEMORY", "PROFILING_INFO_NOT_AVAILABLE", "MEM_COPY_OVERLAP",
        "IMAGE_FORMAT_MISMATCH", "IMAGE_FORMAT_NOT_SUPPORTED", "BUILD_PROGRAM_FAILURE", "MAP_FAILURE",
        "MISALIGNED_SUB_BUFFER_OFFSET", "EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST", "COMPILE_PROGRAM_FAILURE",
        "LINKER_NOT_AVAILABLE", "LINK_PROGRAM_FAILURE", "DEVICE_PARTITION_FAILED", "KERNEL_ARG_INFO_NOT_AVAILABLE",
    ]

    /// −30, −31, … in order.
    private static let argumentNames = [
        "INVALID_VALUE", "INVALID_DEVICE_TYPE", "INVALID_PLATFORM", "INVALID_DEVICE", "INVALID_CONTEXT",
        "INVALID_QUEUE_PROPERTIES", "INVALID_COMMAND_QUEUE", "INVALID_HOST_PTR", "INVALID_MEM_OBJECT",
        "INVALID_IMAGE_FORMAT_DESCRIPTOR", "INVALID_IMAGE_SIZE", "INVALID_SAMPLER", "INVALID_BINARY",
        "INVALID_BUILD_OPTIONS", "INVALID_PROGRAM", "INVALID_PROGRAM_EXECUTABLE", "INVALID_KERNEL_NAME",
        "INVALID_KERNEL_DEFINITION", "INVALID_KERNEL", "INVALID_ARG_INDEX", "INVALID_ARG_VALUE", "INVALID_ARG_SIZE",
        "INVALID_KERNEL_ARGS", "INVALID_WORK_DIMENSION", "INVALID_WORK_GROUP_SIZE", "INVALID_WORK_ITEM_SIZE",
        "INVALID_GLOBAL_OFFSET", "INVALID_EVENT_WAIT_LIST", "INVALID_EVENT", "INVALID_OPERATION", "INVALID_GL_OBJECT",
        "INVALID_BUFFER_SIZE", "INVALID_MIP_LEVEL", "INVALID_GLOBAL_WORK_SIZE", "INVALID_PROPERTY",
        "INVALID_IMAGE_DESCRIPTOR", "INVALID_COMPILER_OPTIONS", "INVALID_LINKER_OPTIONS",
        "INVALID_DEVICE_PARTITION_COUNT", "INVALID_PIPE_SIZE", "INVALID_DEVICE_QUEUE", "INVALID_SPEC_ID",
        "MAX_SIZE_RESTRICTION_EXCEEDED",
    ]
}

extension OpenCLStatus: CustomStringConvertible {
    /// Name and number: `CL_OUT_OF_RESOURCES (-5)`.
    package var description: String { "\(name) (\(rawValue))" }
}

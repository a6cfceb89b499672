import OpenCLRuntime
import Testing

@Suite
struct OpenCLErrorTests {
    @Test(
        "A status has the name that the headers give it",
        arguments: [
            (0, "CL_SUCCESS"), (-1, "CL_DEVICE_NOT_FOUND"), (-5, "CL_OUT_OF_RESOURCES"),
            (-11, "CL_BUILD_PROGRAM_FAILURE"), (-14, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST"),
            (-19, "CL_KERNEL_ARG_INFO_NOT_AVAILABLE"), (-30, "CL_INVALID_VALUE"), (-36, "CL_INVALID_COMMAND_QUEUE"),
            (-46, "CL_INVALID_KERNEL_NAME"), (-52, "CL_INVALID_KERNEL_ARGS"), (-54, "CL_INVALID_WORK_GROUP_SIZE"),
            (-61, "CL_INVALID_BUFFER_SIZE"), (-63, "CL_INVALID_GLOBAL_WORK_SIZE"),
            (-72, "CL_MAX_SIZE_RESTRICTION_EXCEEDED"), (-1001, "CL_PLATFORM_NOT_FOUND_KHR"),
            (-20, "an unknown status"), (-29, "an unknown status"), (-73, "an unknown status"),
            (7, "an unknown status"),
        ] as [(Int32, String)])
    func names(number: Int32, name: String) {
        #expect(OpenCLStatus(rawValue: number).name == name)
        #expect("\(OpenCLStatus(rawValue: number))" == "\(name) (\(number))")
    }

    @Test("An error reads as a sentence, and keeps the build log apart")
    func sentence() {
        let error = OpenCLError(
            call: "clCreateBuffer", status: OpenCLStatus(rawValue: -61), context: "A buffer of 5 MB could not be made",
            nextStep: "Use a smaller batch", buildLog: "line 1")
        #expect(
            "\(error)" == "A buffer of 5 MB could not be made: clCreateBuffer returned CL_INVALID_BUFFER_SIZE (-61). "
                + "Use a smaller batch.")
        #expect(error.kind == .outOfMemory)
        #expect("\(OpenCLError(.noDevice, "There is none"))" == "There is none.")
    }
}

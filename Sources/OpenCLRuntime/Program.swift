import COpenCL

/// Source text compiled for one device.
@safe
package final class Program: Sendable {
    /// The raw handle; only this target may use it.
    nonisolated(unsafe) let handle: cl_program
    /// What it was compiled for.
    package let context: Context

    /// Compiles a program.
    ///
    /// - Parameters:
    ///   - context: The device to compile for.
    ///   - source: OpenCL C, all includes expanded.
    ///   - options: Options of the OpenCL compiler, as in `-cl-std=CL1.2 -DTILE=8`.
    /// - Throws: `buildFailure` with the compiler's log; `storage` where the driver has no room to compile.
    package init(_ context: Context, source: String, options: String = "") throws(OpenCLError) {
        try ForkGuard.check()
        unsafe handle = try Self.build(context, source: source, options: options)
        self.context = context
    }

    deinit {
        unsafe clReleaseProgram(handle)
    }
}

extension Program {
    /// Compiles source text.
    fileprivate static func build(
        _ context: Context, source: String, options: String
    ) throws(OpenCLError) -> cl_program {
        try DriverCache.requireFreeSpace(forPlatform: context.device.platformName)
        var status: cl_int = 0
        let program = unsafe source.withCString { text in
            var text: UnsafePointer<CChar>? = unsafe text
            return unsafe clCreateProgramWithSource(context.handle, 1, &text, nil, &status)
        }
        guard let program = unsafe program else {
            throw OpenCLError(call: "clCreateProgramWithSource", status: OpenCLStatus(rawValue: status))
        }
        var device: cl_device_id? = unsafe context.device.handle
        status = unsafe clBuildProgram(program, 1, &device, options, nil, nil)
        guard status != CL_SUCCESS else { return unsafe program }
        defer { unsafe clReleaseProgram(program) }
        throw unsafe buildFailure(program, context.device, status, options)
    }

    private static func buildFailure(
        _ program: cl_program, _ device: Device, _ status: cl_int, _ options: String
    ) -> OpenCLError {
        let log = try? unsafe infoString("clGetProgramBuildInfo") { size, bytes, needed in
            unsafe clGetProgramBuildInfo(
                program, device.handle, cl_program_build_info(CL_PROGRAM_BUILD_LOG), size, bytes, needed)
        }
        return OpenCLError(
            call: "clBuildProgram", status: OpenCLStatus(rawValue: status),
            context: "A program could not be compiled for \(device.name), driver \(device.driverVersion), "
                + (options.isEmpty ? "without options" : "with options '\(options)'"),
            nextStep: (log ?? "").isEmpty ? DriverCache.hint(forPlatform: device.platformName) : nil, buildLog: log)
    }
}

import COpenCL

extension Program {
    /// Compiles source text.
    static func compile(_ context: Context, source: String, options: String) throws(OpenCLError) -> cl_program {
        var status: cl_int = 0
        let program = unsafe source.withCString { text in
            var text: UnsafePointer<CChar>? = unsafe text
            return unsafe clCreateProgramWithSource(context.handle, 1, &text, nil, &status)
        }
        guard let program = unsafe program else {
            throw OpenCLError(call: "clCreateProgramWithSource", status: OpenCLStatus(rawValue: status))
        }
        return try unsafe build(program, context.device, options)
    }

    /// What a cache has kept; nil where it has nothing that it or the driver trusts.
    static func load(
        _ context: Context, _ key: ProgramKey, options: String, from cache: ProgramCache
    ) -> cl_program? {
        guard let binary = cache.binary(for: key) else { return nil }
        do {
            return try unsafe load(context, binary, options: options)
        } catch {
            cache.reportRefusal(of: key, error)
            return nil
        }
    }

    /// What a binary holds.
    static func load(_ context: Context, _ binary: [UInt8], options: String) throws(OpenCLError) -> cl_program {
        var device: cl_device_id? = unsafe context.device.handle
        var length = binary.count
        var binaryStatus: cl_int = 0
        var status: cl_int = 0
        let program = unsafe binary.withUnsafeBufferPointer { bytes in
            var bytes = bytes.baseAddress
            return unsafe clCreateProgramWithBinary(
                context.handle, 1, &device, &length, &bytes, &binaryStatus, &status)
        }
        guard let program = unsafe program else {
            throw OpenCLError(call: "clCreateProgramWithBinary", status: OpenCLStatus(rawValue: status))
        }
        guard binaryStatus == CL_SUCCESS else {
            unsafe clReleaseProgram(program)
            throw OpenCLError(call: "clCreateProgramWithBinary", status: OpenCLStatus(rawValue: binaryStatus))
        }
        return try unsafe build(program, context.device, options)
    }

    /// The binary of a built program, for its one device.
    static func binary(of program: cl_program) throws(OpenCLError) -> [UInt8] {
        var length = 0
        try check(
            unsafe clGetProgramInfo(
                program, cl_program_info(bitPattern: CL_PROGRAM_BINARY_SIZES), MemoryLayout<Int>.size, &length, nil),
            "clGetProgramInfo")
        guard length > 0 else { throw OpenCLError(.other, "The driver gives no binary of a program") }
        var binary = [UInt8](repeating: 0, count: length)
        let status = unsafe binary.withUnsafeMutableBufferPointer { bytes in
            var bytes = bytes.baseAddress
            return unsafe clGetProgramInfo(
                program, cl_program_info(bitPattern: CL_PROGRAM_BINARIES), MemoryLayout.size(ofValue: bytes), &bytes,
                nil)
        }
        try check(status, "clGetProgramInfo")
        return binary
    }

    /// Builds a program, or releases it and throws with the log.
    private static func build(
        _ program: cl_program, _ device: Device, _ options: String
    ) throws(OpenCLError) -> cl_program {
        var handle: cl_device_id? = unsafe device.handle
        let status = unsafe clBuildProgram(program, 1, &handle, options, nil, nil)
        guard status != CL_SUCCESS else { return unsafe program }
        defer { unsafe clReleaseProgram(program) }
        throw unsafe buildFailure(program, device, status, options)
    }

    private static func buildFailure(
        _ program: cl_program, _ device: Device, _ status: cl_int, _ options: String
    ) -> OpenCLError {
        let log = try? unsafe infoString("clGetProgramBuildInfo") { size, bytes, needed in
            unsafe clGetProgramBuildInfo(
                program, device.handle, cl_program_build_info(CL_PROGRAM_BUILD_LOG), size, bytes, needed)
        }
        let platform = device.platformName
        return OpenCLError(
            call: "clBuildProgram", status: OpenCLStatus(rawValue: status),
            kind: DriverCache.isUnwritable(forPlatform: platform) ? .storage : nil,
            context: "A program could not be compiled for \(device.name), driver \(device.driverVersion), "
                + (options.isEmpty ? "without options" : "with options '\(options)'"),
            nextStep: DriverCache.hint(forPlatform: platform), buildLog: log)
    }
}

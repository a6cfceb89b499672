import COpenCL

extension Kernel {
    /// What `clGetKernelWorkGroupInfo` tells about a kernel on its device.
    struct Facts {
        let maximumWorkGroupSize: Int
        let requiredWorkGroupSize: NDRange?
        let staticLocalMemory: Int

        init(_ kernel: cl_kernel, on device: Device) throws(OpenCLError) {
            func ask<T: BitwiseCopyable>(_ name: Int32, _ initial: T) throws(OpenCLError) -> T {
                var value = initial
                try check(
                    unsafe clGetKernelWorkGroupInfo(
                        kernel, device.handle, cl_kernel_work_group_info(bitPattern: name), MemoryLayout<T>.size,
                        &value, nil), "clGetKernelWorkGroupInfo")
                return value
            }
            maximumWorkGroupSize = min(
                try ask(CL_KERNEL_WORK_GROUP_SIZE, 0), device.maximumWorkGroupSize)
            staticLocalMemory = Int(clamping: try ask(CL_KERNEL_LOCAL_MEM_SIZE, cl_ulong(0)))
            let required = try ask(CL_KERNEL_COMPILE_WORK_GROUP_SIZE, (0, 0, 0))
            requiredWorkGroupSize = required.0 > 0 ? NDRange(required.0, required.1, required.2) : nil
        }
    }
}

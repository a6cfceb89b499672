import COpenCL

/// One function of a program, with its arguments.
///
/// It has one owner, because setting an argument changes it and is not thread-safe. Setting an argument allocates
/// nothing and retains nothing: **the caller keeps every bound `Buffer` alive** as long as the kernel may be launched.
/// Arguments stay set from launch to launch.
@safe
package struct Kernel: ~Copyable {
    /// The raw handle; only this target may use it.
    let handle: cl_kernel
    /// The function's name.
    package let name: String
    /// The most work-items in a work-group, for this kernel on its device.
    package let maximumWorkGroupSize: Int
    /// The work-group size that the source demands by `reqd_work_group_size`; nil where it demands none.
    package let requiredWorkGroupSize: NDRange?
    /// Local memory that the source declares, in bytes.
    package let staticLocalMemory: Int
    /// Local memory that it may take, declared and given, in bytes.
    let localMemoryLimit: Int
    /// Local memory given by arguments, in bytes, by argument.
    private var dynamicLocalMemory: [Int] = []

    /// Takes a function out of a program.
    ///
    /// - Throws: `other` where the program has no such function.
    package init(_ program: Program, _ name: String) throws(OpenCLError) {
        try ForkGuard.check()
        var status: cl_int = 0
        guard let handle = unsafe clCreateKernel(program.handle, name, &status) else {
            throw OpenCLError(
                call: "clCreateKernel", status: OpenCLStatus(rawValue: status),
                context: "The program has no kernel '\(name)'",
                nextStep: DriverCache.hint(forPlatform: program.context.device.platformName))
        }
        let facts: Facts
        do {
            facts = try unsafe Facts(handle, on: program.context.device)
        } catch {
            unsafe clReleaseKernel(handle)
            throw error
        }
        unsafe self.handle = handle
        self.name = name
        maximumWorkGroupSize = facts.maximumWorkGroupSize
        requiredWorkGroupSize = facts.requiredWorkGroupSize
        staticLocalMemory = facts.staticLocalMemory
        localMemoryLimit = program.localMemoryLimit
    }

    deinit {
        unsafe clReleaseKernel(handle)
    }

    /// Local memory that a launch takes, declared and given, in bytes.
    package var localMemory: Int { dynamicLocalMemory.reduce(staticLocalMemory, +) }

    /// Binds a buffer, which the caller keeps alive.
    package mutating func setArgument(_ index: Int, _ buffer: borrowing Buffer) throws(OpenCLError) {
        try unsafe setValue(index, Optional(buffer.handle))
    }

    /// Binds a null pointer in the place of a buffer.
    package mutating func setNullArgument(_ index: Int) throws(OpenCLError) {
        try unsafe setValue(index, cl_mem?.none)
    }

    /// Sets an `int`.
    package mutating func setArgument(_ index: Int, _ value: Int32) throws(OpenCLError) {
        try setValue(index, value)
    }

    /// Sets a `uint`.
    package mutating func setArgument(_ index: Int, _ value: UInt32) throws(OpenCLError) {
        try setValue(index, value)
    }

    /// Sets a `ulong`.
    package mutating func setArgument(_ index: Int, _ value: UInt64) throws(OpenCLError) {
        try setValue(index, value)
    }

    /// Sets a `float`.
    package mutating func setArgument(_ index: Int, _ value: Float) throws(OpenCLError) {
        try setValue(index, value)
    }

    /// Sets a `float4`.
    package mutating func setArgument(_ index: Int, _ value: SIMD4<Float>) throws(OpenCLError) {
        try setValue(index, value)
    }

    /// Gives a `__local` pointer so many bytes.
    package mutating func setArgument(_ index: Int, localBytes: Int) throws(OpenCLError) {
        precondition(localBytes > 0, "local memory of kernel '\(name)' cannot be \(localBytes) bytes")
        try unsafe set(index, size: localBytes, nil)
        while dynamicLocalMemory.count <= index { dynamicLocalMemory.append(0) }
        dynamicLocalMemory[index] = localBytes
    }

    @inline(__always)
    private func setValue<Value: BitwiseCopyable>(_ index: Int, _ value: Value) throws(OpenCLError) {
        var value = value
        try unsafe set(index, size: MemoryLayout<Value>.size, &value)
    }

    @inline(__always)
    private func set(_ index: Int, size: Int, _ value: UnsafeRawPointer?) throws(OpenCLError) {
        let status = unsafe clSetKernelArg(handle, cl_uint(truncatingIfNeeded: index), size, value)
        guard status != CL_SUCCESS else { return }
        throw OpenCLError(
            call: "clSetKernelArg", status: OpenCLStatus(rawValue: status),
            context: "Argument \(index) of kernel '\(name)' was refused, \(size) bytes")
    }
}

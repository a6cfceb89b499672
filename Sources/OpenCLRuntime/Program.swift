import COpenCL

/// Source text compiled for one device, or the binary of it that a cache has kept.
@safe
package final class Program: Sendable {
    /// Where a program came from.
    package enum Origin: Sendable, Hashable {
        /// The driver compiled it.
        case source
        /// A binary was found in the cache.
        case cache
    }

    /// The raw handle; only this target may use it.
    nonisolated(unsafe) let handle: cl_program
    /// What it was compiled for.
    package let context: Context
    /// Where it came from.
    package let origin: Origin
    /// Bytes of local memory that its kernels may take.
    let localMemoryLimit: Int
    /// What a GPU's driver may count on top of what a kernel declares, and of what the device has.
    ///
    /// 16 bytes are by NVIDIA's, which runs a kernel of all 48 KiB. Too much it refuses itself; PoCL, on CPU devices, ends the
    /// process.
    private static let driversOwnMemory = 1 << 10

    /// Compiles a program, or loads what compiling it gave the last time.
    ///
    /// - Parameters:
    ///   - context: The device to compile for.
    ///   - source: OpenCL C, all includes expanded.
    ///   - options: Options of the OpenCL compiler, as in `-cl-std=CL1.2 -DTILE=8`.
    ///   - cache: Where binaries are kept; nil to compile in any case.
    ///   - rewriting: What is done to the binary before it runs; what it leaves is what the cache keeps.
    /// - Throws: `buildFailure` with the compiler's log; `storage` where the driver has no room to compile.
    package init(
        _ context: Context, source: String, options: String = "", cache: ProgramCache? = nil,
        rewriting: BinaryRewriting? = nil
    ) throws(OpenCLError) {
        try ForkGuard.check()
        try DriverCache.requireFreeSpace(forPlatform: context.device.platformName)
        self.context = context
        let ownMemory = context.device.kind == .gpu ? Self.driversOwnMemory : 0
        localMemoryLimit = max(context.device.localMemory + ownMemory, rewriting?.localMemory ?? 0)
        let key = cache.map { cache in
            ProgramKey(
                source: source, options: options, device: context.device, engineVersion: cache.engineVersion,
                rewriting: rewriting?.name)
        }
        // What was rewritten was compiled with the options, and is no source to use them on again.
        let binaryOptions = rewriting == nil ? options : ""
        if let cache, let key, let handle = unsafe Self.load(context, key, options: binaryOptions, from: cache) {
            unsafe self.handle = handle
            origin = .cache
            return
        }
        origin = .source
        let compiled = try unsafe Self.compile(context, source: source, options: options)
        guard let rewriting else {
            unsafe handle = compiled
            if let cache, let key { unsafe Self.keep(compiled, in: cache, for: key) }
            return
        }
        defer { unsafe clReleaseProgram(compiled) }
        let binary = try rewriting.rewrite(unsafe Self.binary(of: compiled))
        unsafe handle = try Self.load(context, binary, options: binaryOptions)
        if let cache, let key { cache.store(binary, for: key) }
    }

    private static func keep(_ program: cl_program, in cache: ProgramCache, for key: ProgramKey) {
        do {
            cache.store(try unsafe binary(of: program), for: key)
        } catch {
            cache.reportUnavailable(error)
        }
    }

    deinit {
        unsafe clReleaseProgram(handle)
    }
}

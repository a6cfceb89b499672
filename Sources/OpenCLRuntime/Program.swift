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

    /// Compiles a program, or loads what compiling it gave the last time.
    ///
    /// - Parameters:
    ///   - context: The device to compile for.
    ///   - source: OpenCL C, all includes expanded.
    ///   - options: Options of the OpenCL compiler, as in `-cl-std=CL1.2 -DTILE=8`.
    ///   - cache: Where binaries are kept; nil to compile in any case.
    /// - Throws: `buildFailure` with the compiler's log; `storage` where the driver has no room to compile.
    package init(
        _ context: Context, source: String, options: String = "", cache: ProgramCache? = nil
    ) throws(OpenCLError) {
        try ForkGuard.check()
        try DriverCache.requireFreeSpace(forPlatform: context.device.platformName)
        self.context = context
        guard let cache else {
            unsafe handle = try Self.compile(context, source: source, options: options)
            origin = .source
            return
        }
        let key = ProgramKey(
            source: source, options: options, device: context.device, engineVersion: cache.engineVersion)
        if let handle = unsafe Self.load(context, key, options: options, from: cache) {
            unsafe self.handle = handle
            origin = .cache
            return
        }
        unsafe handle = try Self.compile(context, source: source, options: options)
        origin = .source
        do {
            cache.store(try unsafe Self.binary(of: handle), for: key)
        } catch {
            cache.reportUnavailable(error)
        }
    }

    deinit {
        unsafe clReleaseProgram(handle)
    }
}

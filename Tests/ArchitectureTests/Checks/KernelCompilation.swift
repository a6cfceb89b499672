import FoundationEssentials

/// Kernels compile by themselves with their own defaults, as OpenCL C 1.2.
///
/// The toolchain's clang parses them, so this needs no OpenCL driver.
enum KernelCompilation {
    /// The clang beside swift, else the one along `PATH`; nil where there is none.
    static let compiler: String? = {
        let swift = Command.find("swift", variable: "SWIFT").map { URL(filePath: $0).resolvingSymlinksInPath() }
        let beside = swift.map { $0.deletingLastPathComponent().appending(path: "clang").path }
        if let beside, FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return Command.find("clang", variable: "CLANG")
    }()

    /// What the compiler says against the kernel; nil where it accepts it without a warning.
    ///
    /// An undefined macro in `#if` is an error: it reads as 0, and hides a missing default. An unused function is none:
    /// files that others include have nothing else.
    static func complaint(about kernel: URL, compiler: String) throws -> String? {
        try complaint(about: kernel, compiler: compiler, options: ["-fsyntax-only"])
    }

    /// What the compiler says against inline assembly, for a processor that has its instructions.
    static func assemblyComplaint(about kernel: URL, compiler: String, options: [String]) throws -> String? {
        try complaint(
            about: kernel, compiler: compiler,
            options: ["-target", "x86_64-unknown-linux-gnu", "-O2", "-c", "-o", "/dev/null"] + options)
    }

    private static func complaint(about kernel: URL, compiler: String, options extra: [String]) throws -> String? {
        let options =
            [
                "-x", "cl", "-cl-std=CL1.2", "-Xclang", "-finclude-default-header", "-Wall", "-Wundef",
                "-Wno-unused-function", "-Werror", "-I", kernel.deletingLastPathComponent().path,
            ] + extra
        let result = try Command(program: compiler, arguments: options + [kernel.path]).run()
        return result.status == 0 ? nil : "status \(result.status)\n\(result.errors)"
    }
}

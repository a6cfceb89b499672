import Glibc

/// The directory in which a driver itself keeps what it compiles, where that directory can bring the process down.
///
/// PoCL 3.1 compiles in `POCL_CACHE_DIR`, else `XDG_CACHE_HOME/pocl/kcache`, else `~/.cache/pocl/kcache`
/// (its `pocl_cache.c`). A full one makes LLVM end the process, an unwritable one is reported as "no device".
package enum DriverCache {
    /// What compiling needs at the least, in bytes.
    package static let requiredFreeBytes = 64 << 20

    private static let pocl = "Portable Computing Language"

    /// Sees to it, before a driver starts, that PoCL gets a directory in which it can compile: where its own cannot be
    /// written, one of this user's among the temporary ones.
    ///
    /// Also where a variable is set to nothing, which PoCL takes for a name (and ends the process). Changes the process's
    /// environment in these cases alone; PoCL has no other way to be told.
    static func prepare() {
        let wanted = directory(environment: environmentValue)
        let isWritable = FileSystem.canWrite(in: wanted)
        let hasEmptyVariable = ["POCL_CACHE_DIR", "XDG_CACHE_HOME", "HOME"].contains { (name: String) in
            unsafe getenv(name).map { unsafe $0.pointee == 0 } ?? false
        }
        guard !isWritable || hasEmptyVariable else { return }
        unsafe setenv("POCL_CACHE_DIR", (isWritable ? nil : FileSystem.temporaryDirectory("fovea-pocl")) ?? wanted, 1)
    }

    /// Whether this platform has been given a directory that cannot be written.
    static func isUnwritable(forPlatform name: String) -> Bool {
        name == pocl && !FileSystem.canWrite(in: directory(environment: environmentValue))
    }

    /// What to look at when this platform refuses for no stated reason.
    static func hint(forPlatform name: String) -> String? {
        guard name == pocl else { return nil }
        return "PoCL says so too when its kernel cache cannot be written or is damaged: "
            + "check \(directory(environment: environmentValue)), or name another directory with POCL_CACHE_DIR"
    }

    /// Throws where the driver's directory has no room to compile in.
    static func requireFreeSpace(forPlatform name: String) throws(OpenCLError) {
        guard name == pocl else { return }
        try requireFreeSpace(in: directory(environment: environmentValue))
    }

    /// Throws where the file system of a directory, which need not exist yet, has less than `requiredFreeBytes`.
    package static func requireFreeSpace(in directory: String) throws(OpenCLError) {
        guard let free = FileSystem.freeBytes(at: directory), free < requiredFreeBytes else { return }
        throw OpenCLError(
            .storage,
            "The driver compiles in \(directory), where \(free >> 20) MB are free and \(requiredFreeBytes >> 20) MB "
                + "are needed",
            nextStep: "Free some space, or name another directory with POCL_CACHE_DIR")
    }

    /// Settings of the driver that change what it compiles without a word in its version.
    package static func settings(forPlatform name: String) -> String {
        guard name == pocl else { return "" }
        return ["POCL_EXTRA_BUILD_FLAGS", "POCL_WORK_GROUP_METHOD", "POCL_MAX_WORK_GROUP_SIZE"]
            .compactMap { variable in environmentValue(variable).map { "\(variable)=\($0)" } }
            .joined(separator: "\n")
    }

    /// The directory that PoCL uses, given how to look up an environment variable.
    package static func directory(environment: (String) -> String?) -> String {
        if let directory = environment("POCL_CACHE_DIR") { return directory }
        if let cache = environment("XDG_CACHE_HOME") { return cache + "/pocl/kcache" }
        if let home = environment("HOME") { return home + "/.cache/pocl/kcache" }
        return P_tmpdir + "/pocl/kcache"
    }
}

/// The value of an environment variable; nil where it is not set or empty.
func environmentValue(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
}

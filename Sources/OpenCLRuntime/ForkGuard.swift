import Glibc
import Synchronization

/// Refuses OpenCL in a child that was forked after OpenCL had started.
///
/// Drivers own threads, and a forked child has none of them: PoCL hangs there for ever. A flag that `pthread_atfork`
/// sets in the child costs one load a call, where `getpid` would cost a system call. `posix_spawn` is not affected.
enum ForkGuard {
    private static let isForkedChild = Atomic<Bool>(false)

    /// Installs the handler, the first time it is called; to be called before the first OpenCL call.
    static func arm() {
        _ = handler
    }

    private static let handler = pthread_atfork(nil, nil, { ForkGuard.isForkedChild.store(true, ordering: .relaxed) })

    /// Throws in a forked child, which must not touch the driver.
    @inline(__always)
    static func check() throws(OpenCLError) {
        guard isForkedChild.load(ordering: .relaxed) else { return }
        throw OpenCLError(
            .other, "OpenCL was started before this process was forked, and its driver cannot work in the child",
            nextStep: "Fork before the first use of OpenCL, or start the child with posix_spawn")
    }
}

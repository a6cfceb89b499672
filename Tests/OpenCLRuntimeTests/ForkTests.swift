import Glibc
import OpenCLRuntime
import Testing

@Suite(.tags(.device), .requiresOpenCL, .serialized)
struct ForkTests {
    /// Calls `fork`, which Swift does not offer, because its child must do next to nothing.
    private static func fork() -> pid_t? {
        typealias Fork = @convention(c) () -> pid_t
        guard let symbol = dlsym(nil, "fork") else { return nil }
        return unsafeBitCast(symbol, to: Fork.self)()
    }

    @Test("A child forked after OpenCL has started is refused with a reason, and does not hang")
    func forkedChild() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let context = try Context(TestDevice.require())
            guard let child = Self.fork() else { exit(1) }
            if child == 0 {
                do {
                    _ = try CommandQueue(context)
                    _exit(1)
                } catch {
                    _exit("\(error)".contains("forked") ? 42 : 2)
                }
            }
            var status: Int32 = 0
            waitpid(child, &status, 0)
            exit((status >> 8) & 0xFF)
        }
    }
}

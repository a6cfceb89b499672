import Glibc
import OpenCLRuntime
import Testing

/// What a machine without a driver, or with a broken one, is told.
///
/// Each runs in a process of its own.
@Suite(.tags(.device), .requiresOpenCL, .serialized)
struct DriverFailureTests {
    @Test("Without a driver the error says what to install")
    func noDriver() async {
        await #expect(processExitsWith: .exitCode(42)) {
            setenv("OCL_ICD_VENDORS", "/nonexistent", 1)
            do {
                _ = try Device.discover()
            } catch let error as OpenCLError {
                exit(error.kind == .noPlatform && "\(error)".contains("pocl-opencl-icd") ? 42 : 1)
            }
        }
    }

    @Test("A platform without a device is not a device, and PoCL's kernel cache is suspected", .requiresPoCL)
    func noDevice() async {
        await #expect(processExitsWith: .exitCode(42)) {
            setenv("POCL_DEVICES", "nonsense", 1)
            do {
                _ = try Device.discover()
            } catch let error as OpenCLError {
                exit(error.kind == .noDevice && "\(error)".contains("POCL_CACHE_DIR") ? 42 : 1)
            }
        }
    }

    @Test("A full directory is told before the compiler ends the process", .requiresPoCL)
    func fullDriverCache() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let context = try Context(TestDevice.require())
            setenv("POCL_CACHE_DIR", "/proc", 1)
            do {
                _ = try Program(context, source: VectorAdd.source)
            } catch let error as OpenCLError {
                exit(error.kind == .storage && "\(error)".contains("/proc") ? 42 : 1)
            }
        }
    }

    @Test(
        "PoCL compiles elsewhere where its directory cannot be written or is named by nothing", .requiresPoCL,
        arguments: ["/dev/null/none", ""])
    func unwritableDriverCache(directory: String) async {
        await #expect(processExitsWith: .exitCode(42)) { [directory] in
            setenv("POCL_CACHE_DIR", directory, 1)
            setenv("HOME", "/dev/null/none", 1)
            unsetenv("XDG_CACHE_HOME")
            _ = try Program(Context(TestDevice.require()), source: VectorAdd.source)
            exit(42)
        }
    }

    @Test("A build that fails where PoCL's directory cannot be written is no mistake of ours", .requiresPoCL)
    func lostDriverCache() async {
        await #expect(processExitsWith: .exitCode(42)) {
            let context = try Context(TestDevice.require())
            setenv("POCL_CACHE_DIR", "/dev/null/none", 1)
            do {
                _ = try Program(context, source: "kernel void broken() { undeclared_name; }")
            } catch let error as OpenCLError {
                exit(error.kind == .storage && "\(error)".contains("check /dev/null/none") ? 42 : 1)
            }
        }
    }

    @Test("PoCL's directory is where its own rules put it")
    func driverDirectory() {
        func directory(_ environment: [String: String]) -> String { DriverCache.directory { environment[$0] } }
        #expect(directory(["POCL_CACHE_DIR": "/p", "XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/p")
        #expect(directory(["XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/x/pocl/kcache")
        #expect(directory(["HOME": "/h"]) == "/h/.cache/pocl/kcache")
        #expect(directory([:]) == P_tmpdir + "/pocl/kcache")
    }
}

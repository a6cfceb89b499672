import Glibc

/// The layer of `Tests/Fixtures/OpenCLRuntime/FaultLayer.c`, in this process.
struct FaultLayer {
    private let set: @convention(c) (UnsafePointer<CChar>, Int32, Int32) -> Void
    private let hits: @convention(c) () -> Int32
    private let liveObjects: @convention(c) () -> Int32
    private let setLosing: @convention(c) (Int32) -> Void

    /// Compiles it; false where there is no C compiler or no layer header.
    static func compile(to path: String) -> Bool {
        let source = PackageRoot.path + "/Tests/Fixtures/OpenCLRuntime/FaultLayer.c"
        return ["clang", "cc"].contains { compiler in
            let command: [String] = [compiler, "-shared", "-fPIC", "-O1", "-w", "-o", path, source]
            var words = command.map { strdup($0) } + [nil]
            defer { for word in words { free(word) } }
            var child: pid_t = 0
            guard posix_spawnp(&child, compiler, nil, nil, &words, environ) == 0 else { return false }
            var status: Int32 = 0
            waitpid(child, &status, 0)
            return status == 0
        }
    }

    /// Puts it in place; must come before the process's first OpenCL call.
    init?(_ path: String) {
        setenv("OPENCL_LAYERS", path, 1)
        guard let library = dlopen(path, RTLD_NOW), let set = dlsym(library, "fault_layer_set"),
            let hits = dlsym(library, "fault_layer_hits"), let live = dlsym(library, "fault_layer_live_objects"),
            let losing = dlsym(library, "fault_layer_set_losing")
        else { return nil }
        self.set = unsafeBitCast(set, to: (@convention(c) (UnsafePointer<CChar>, Int32, Int32) -> Void).self)
        self.hits = unsafeBitCast(hits, to: (@convention(c) () -> Int32).self)
        liveObjects = unsafeBitCast(live, to: (@convention(c) () -> Int32).self)
        setLosing = unsafeBitCast(losing, to: (@convention(c) (Int32) -> Void).self)
    }

    func inject(_ status: Int32, in function: String, call: Int) { set(function, Int32(call), status) }
    /// A command that fails takes its context with it, as an illegal access does on NVIDIA's driver.
    func losesContexts() { setLosing(1) }
    var wasHit: Bool { hits() > 0 }
    var live: Int { Int(liveObjects()) }
}

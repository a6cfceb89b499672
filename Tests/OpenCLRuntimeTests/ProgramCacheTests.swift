import Glibc
import OpenCLRuntime
import Synchronization
import Testing

@Suite(.tags(.device), .requiresOpenCL, .serialized)
struct ProgramCacheTests {
    /// Collects what a cache reports.
    final class Reports: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func add(_ line: String) { lines.withLock { $0.append(line) } }
    }

    static func program(_ cache: ProgramCache?, options: String = "") throws -> Program {
        try Program(Context(TestDevice.require()), source: VectorAdd.source, options: options, cache: cache)
    }

    /// The one entry of a cache.
    private func entry(of cache: ProgramCache) throws -> String {
        let names = Files.names(in: cache.directory)
        try #require(names.count == 1, "\(names)")
        return cache.directory + "/" + names[0]
    }

    @Test("The second build comes from the cache and computes the same")
    func hit() throws {
        let directory = try TemporaryDirectory()
        let cache = ProgramCache(directory: directory.path, engineVersion: "1")
        #expect(try Self.program(cache).origin == .source)
        let second = try Self.program(cache)
        #expect(second.origin == .cache)
        #expect(try VectorAdd.run(second) == VectorAdd.expected())
    }

    @Test("Other options, another source and another engine are other programs")
    func misses() throws {
        let directory = try TemporaryDirectory()
        let cache = ProgramCache(directory: directory.path, engineVersion: "1")
        #expect(try Self.program(cache).origin == .source)
        #expect(try Self.program(cache, options: "-DOTHER").origin == .source)
        #expect(try Self.program(ProgramCache(directory: directory.path, engineVersion: "2")).origin == .source)
        let context = try Context(TestDevice.require())
        #expect(try Program(context, source: VectorAdd.source + "\n", cache: cache).origin == .source)
        #expect(Files.names(in: cache.directory).count == 4)
    }

    @Test("Directory and entries are for this user alone")
    func modes() throws {
        let directory = try TemporaryDirectory()
        let cache = ProgramCache(directory: directory.path + "/a/b", engineVersion: "1")
        _ = try Self.program(cache)
        for (path, mode) in [(cache.directory, 0o700), (directory.path + "/a", 0o700), (try entry(of: cache), 0o600)] {
            var facts = stat()
            try #require(stat(path, &facts) == 0)
            #expect(Int(facts.st_mode) & 0o777 == mode, "\(path)")
        }
    }

    @Test("An entry damaged anywhere is rebuilt from source, repaired, and no driver sees it")
    func damage() throws {
        let directory = try TemporaryDirectory()
        let reports = Reports()
        let cache = ProgramCache(directory: directory.path, engineVersion: "1") { reports.add($0) }
        _ = try Self.program(cache)
        let path = try entry(of: cache)
        let whole = try Files.read(path)
        let places = Array(0..<40) + stride(from: 40, to: whole.count, by: whole.count / 40)
        let key = ProgramKey(
            source: VectorAdd.source, options: "", device: try TestDevice.require(), engineVersion: "1")
        for place in places {
            var damaged = whole
            damaged[place] ^= 0x10
            try Files.write(damaged, to: path)
            #expect(cache.binary(for: key) == nil, "byte \(place)")
        }
        #expect(reports.all.count == places.count)
        let rebuilt = try Self.program(cache)
        #expect(rebuilt.origin == .source)
        #expect(try VectorAdd.run(rebuilt) == VectorAdd.expected())
        #expect(try Self.program(cache).origin == .cache)
    }

    @Test("A truncated, empty or foreign entry is rebuilt from source")
    func truncation() throws {
        let directory = try TemporaryDirectory()
        let cache = ProgramCache(directory: directory.path, engineVersion: "1")
        _ = try Self.program(cache)
        let path = try entry(of: cache)
        let whole = try Files.read(path)
        let foreign = ProgramCacheEntry.encode([1, 2, 3], for: ProgramKey(parts: [("source", "another")]))
        for bytes in [[], Array(whole[..<20]), Array(whole[..<(whole.count / 2)]), whole.dropLast(), foreign] {
            try Files.write(Array(bytes), to: path)
            #expect(try Self.program(cache).origin == .source)
            #expect(try Self.program(cache).origin == .cache)
        }
    }

    @Test("A binary that the driver refuses is rebuilt from source")
    func refusedBinary() throws {
        let directory = try TemporaryDirectory()
        let reports = Reports()
        let cache = ProgramCache(directory: directory.path, engineVersion: "1") { reports.add($0) }
        let device = try TestDevice.require()
        let key = ProgramKey(source: VectorAdd.source, options: "", device: device, engineVersion: "1")
        cache.store(Array("not a binary of any driver".utf8), for: key)
        let program = try Self.program(cache)
        #expect(program.origin == .source && reports.all.count == 1)
        #expect(try VectorAdd.run(program) == VectorAdd.expected())
        #expect(try Self.program(cache).origin == .cache)
    }

    @Test("An entry that is a link, a pipe or a directory is not touched")
    func notAFile() throws {
        let directory = try TemporaryDirectory()
        let reports = Reports()
        let cache = ProgramCache(directory: directory.path, engineVersion: "1") { reports.add($0) }
        _ = try Self.program(cache)
        let path = try entry(of: cache)
        try #require(rename(path, directory.path + "/elsewhere") == 0)
        try #require(symlink(directory.path + "/elsewhere", path) == 0)
        #expect(try Self.program(cache).origin == .source)
        unlink(path)
        try #require(mkfifo(path, 0o600) == 0)
        #expect(try Self.program(cache).origin == .source)
        unlink(path)
        try #require(mkdir(path, 0o700) == 0)
        #expect(try Self.program(cache).origin == .source)
        #expect(reports.all.count == 4, "\(reports.all)")
    }

    @Test("Where nothing can be written, programs are compiled as if there were no cache")
    func unwritable() throws {
        let directory = try TemporaryDirectory()
        try Files.write([], to: directory.path + "/file")
        try #require(mkdir(directory.path + "/programs", 0o700) == 0 && chmod(directory.path + "/programs", 0o777) == 0)
        for place in ["/proc/nowhere", directory.path + "/file", directory.path] {
            let reports = Reports()
            let cache = ProgramCache(directory: place, engineVersion: "1") { reports.add($0) }
            for _ in 0..<2 { #expect(try Self.program(cache).origin == .source) }
            #expect(!reports.all.isEmpty)
        }
    }

    @Test("A disk that fills up while an entry is written leaves nothing behind")
    func fullDisk() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        await #expect(processExitsWith: .exitCode(42)) { [path = path as String] in
            // A limit on the size of files fails a write halfway, as a full disk does.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 1000, rlim_max: 1000)
            guard setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0 else { exit(1) }
            let reports = Reports()
            let cache = ProgramCache(directory: path, engineVersion: "1") { reports.add($0) }
            let key = ProgramKey(parts: [("source", "")])
            cache.store([UInt8](repeating: 1, count: 2000), for: key)
            guard cache.binary(for: key) == nil, reports.all.count == 1 else { exit(2) }
            cache.store([UInt8](repeating: 1, count: 500), for: key)
            exit(cache.binary(for: key)?.count == 500 ? 42 : 3)
        }
        #expect(Files.names(in: path + "/programs").count == 1)
    }

    @Test("Above its size the cache forgets what was unused for longest, and what died processes left")
    func pruning() throws {
        let directory = try TemporaryDirectory()
        let keys = (0..<4).map { ProgramKey(parts: [("source", "\($0)")]) }
        let size = ProgramCacheEntry.encode([UInt8](repeating: 1, count: 1000), for: keys[0]).count
        let cache = ProgramCache(directory: directory.path, engineVersion: "1", sizeLimit: 3 * size)
        for (index, key) in keys[..<3].enumerated() {
            cache.store([UInt8](repeating: 1, count: 1000), for: key)
            age(of: cache.directory + "/" + key.fileName, is: 1000 - index)
        }
        let abandoned = cache.directory + "/.writing-abandoned"
        try Files.write([1], to: abandoned)
        age(of: abandoned, is: 100_000)
        #expect(cache.binary(for: keys[0]) != nil, "the oldest, now the one used last")
        cache.store([UInt8](repeating: 1, count: 1000), for: keys[3])
        #expect(keys.map { cache.binary(for: $0) != nil } == [true, false, true, true])
        #expect(Files.names(in: cache.directory).count == 3)
        cache.store([UInt8](repeating: 1, count: 3 * size), for: keys[1])
        #expect(cache.binary(for: keys[1]) == nil, "larger than the whole cache")
    }

    private func age(of path: String, is seconds: Int) {
        let then = timespec(tv_sec: time(nil) - seconds, tv_nsec: 0)
        utimensat(AT_FDCWD, path, [then, then], 0)
    }

    @Test("Processes that share a directory all get a right program")
    func manyProcesses() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    await #expect(processExitsWith: .success) { [path = path as String] in
                        let cache = ProgramCache(directory: path, engineVersion: "1")
                        for _ in 0..<3 {
                            let program = try Self.program(cache)
                            guard try VectorAdd.run(program) == VectorAdd.expected() else { exit(1) }
                        }
                        guard try Self.program(cache).origin == .cache else { exit(2) }
                    }
                }
            }
        }
        #expect(Files.names(in: path + "/programs").count == 1)
    }

    @Test("The cache is where the environment says")
    func defaultDirectory() {
        func directory(_ environment: [String: String]) -> String? {
            ProgramCache.defaultDirectory { environment[$0] }
        }
        #expect(directory(["FOVEA_CACHE_DIR": "/f", "XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/f")
        #expect(directory(["XDG_CACHE_HOME": "/x", "HOME": "/h"]) == "/x/fovea")
        #expect(directory(["XDG_CACHE_HOME": "relative", "HOME": "/h"]) == "/h/.cache/fovea")
        #expect(directory([:]) == nil)
    }
}

import Glibc
import OpenCLRuntime
import Testing

extension Trait where Self == ConditionTrait {
    /// Skips where no OpenCL device answers.
    static var requiresOpenCL: Self {
        .enabled(if: TestDevice.first != nil, "no OpenCL device: install a driver, such as pocl-opencl-icd")
    }

    /// Skips where the device is not the processor, whose memory protection the test needs.
    static var requiresCPUDevice: Self {
        .enabled(if: TestDevice.first?.kind == .cpu, "the OpenCL device is not a CPU")
    }

    /// Skips where the driver is another one than PoCL.
    static var requiresPoCL: Self {
        .enabled(if: TestDevice.first?.platformName == "Portable Computing Language", "the driver is not PoCL")
    }
}

extension Tag {
    /// Needs an OpenCL device.
    @Tag static var device: Self
}

/// The device that the tests of this target run on.
enum TestDevice {
    /// The first one; nil where there is none.
    static let first = (try? Device.discover())?.first

    /// The first one, for suites that are skipped where there is none.
    static func require() throws -> Device { try #require(first) }
}

/// A directory that is removed with all that is in it.
struct TemporaryDirectory: ~Copyable {
    let path: String

    init() throws {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? P_tmpdir
        path = parent + "/fovea-test-" + String(UInt64.random(in: .min ... .max), radix: 36)
        try #require(mkdir(path, 0o700) == 0)
    }

    deinit {
        Files.removeAll(path)
    }
}

/// What the tests do to files.
enum Files {
    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func removeAll(_ path: String) {
        for name in names(in: path) { removeAll(path + "/" + name) }
        if unlink(path) != 0 { rmdir(path) }
    }

    static func read(_ path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY)
        try #require(file >= 0, "cannot read \(path)")
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(file, &chunk, chunk.count)
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        try #require(file >= 0, "cannot write \(path)")
        defer { close(file) }
        try #require(Glibc.write(file, bytes, bytes.count) == bytes.count)
    }
}

/// Program binaries on disk, so that a second start compiles nothing.
///
/// A cache never fails: whatever is missing, damaged, foreign, unwritable or full is compiled from source as if there
/// were no cache. Nothing reaches a driver before magic, whole key, length and checksum have been compared, because
/// drivers trust their binaries (PoCL aborts the process on a damaged one). Entries are written whole, to a temporary
/// file that is then renamed, so that any number of processes may share a directory.
package final class ProgramCache: Sendable {
    /// Where the entries are: a directory of our own, made with mode 0700 when first written to.
    package let directory: String
    /// The most bytes that the entries may take together; the oldest go first.
    package let sizeLimit: Int
    /// Version of what generates the programs: another one finds no entry of this one.
    package let engineVersion: String
    private let report: (@Sendable (String) -> Void)?

    /// Makes a cache; the directory is touched when it is first used.
    ///
    /// - Parameters:
    ///   - directory: The program's cache directory; entries go to `programs` in it.
    ///   - engineVersion: Version of what generates the programs.
    ///   - sizeLimit: The most bytes that the entries may take together.
    ///   - report: Is told, in a sentence, why an entry was not used or not kept; for `--verbose`.
    package init(
        directory: String, engineVersion: String, sizeLimit: Int = 256 << 20,
        report: (@Sendable (String) -> Void)? = nil
    ) {
        self.directory = directory + "/programs"
        self.engineVersion = engineVersion
        self.sizeLimit = sizeLimit
        self.report = report
    }

    /// The cache directory of this program: `$FOVEA_CACHE_DIR`, `$XDG_CACHE_HOME/fovea` or `~/.cache/fovea`.
    ///
    /// Nil where none of the variables is set. A relative `XDG_CACHE_HOME` is ignored, as the XDG Base Directory
    /// Specification demands.
    package static var defaultDirectory: String? {
        defaultDirectory(environment: environmentValue)
    }

    /// `defaultDirectory`, given how to look up an environment variable.
    package static func defaultDirectory(environment: (String) -> String?) -> String? {
        if let directory = environment("FOVEA_CACHE_DIR") { return directory }
        if let cache = environment("XDG_CACHE_HOME"), cache.hasPrefix("/") { return cache + "/fovea" }
        return environment("HOME").map { $0 + "/.cache/fovea" }
    }

    /// The binary that was stored for a key; nil where there is none that can be trusted.
    package func binary(for key: ProgramKey) -> [UInt8]? {
        let path = path(of: key)
        let entry: [UInt8]
        switch CacheFiles.read(path, upTo: sizeLimit) {
        case .success(let bytes): entry = bytes
        case .failure(.absent): return nil
        case .failure(let reason):
            report?("The cached program \(path) was not used: \(reason)")
            return nil
        }
        switch ProgramCacheEntry.payload(of: entry, for: key) {
        case .success(let payload):
            return payload
        case .failure(let reason):
            report?("The cached program \(path) was not used: \(reason.rawValue)")
            return nil
        }
    }

    /// Keeps a binary for a key, in the place of what was there.
    package func store(_ binary: [UInt8], for key: ProgramKey) {
        let entry = ProgramCacheEntry.encode(binary, for: key)
        guard entry.count <= sizeLimit else {
            report?("A program of \(megabytes(entry.count)) is too large for the cache \(directory)")
            return
        }
        if let problem = CacheFiles.prepare(directory) ?? CacheFiles.write(entry, to: path(of: key), in: directory) {
            report?("A program was not cached in \(directory): \(problem)")
            return
        }
        CacheFiles.prune(directory, to: sizeLimit)
    }

    /// Tells that the driver refused what the cache had.
    func reportRefusal(of key: ProgramKey, _ error: OpenCLError) {
        report?("The cached program \(path(of: key)) was not used: \(error)")
    }

    /// Tells that the driver gave no binary to keep.
    func reportUnavailable(_ error: OpenCLError) {
        report?("A program was not cached in \(directory): \(error)")
    }

    private func path(of key: ProgramKey) -> String {
        directory + "/" + key.fileName
    }
}

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the processor of this machine has beside the instructions that every one of its kind has.
///
/// A compiler accepts an instruction in inline assembly whether the processor knows it or not, and the kernel would
/// then end the process: so this is asked first.
enum ProcessorFeatures {
    /// Features by the names that Linux gives them, such as `avx512_vnni`; empty elsewhere and on other processors.
    static let host: Set<String> = {
        #if arch(x86_64)
            features(inProcessorInformation: "/proc/cpuinfo")
        #else
            []
        #endif
    }()

    /// The words of the first line `flags`.
    static func features(inProcessorInformation path: String) -> Set<String> {
        guard let file = fopen(path, "r") else { return [] }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 1 << 15)
        while fgets(&buffer, Int32(buffer.count), file) != nil {
            let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            let line = String(decoding: bytes, as: UTF8.self)
            guard line.hasPrefix("flags"), let colon = line.firstIndex(of: ":") else { continue }
            return Set(
                line[line.index(after: colon)...].split { $0 == " " || $0 == "\t" || $0 == "\n" }.map(String.init))
        }
        return []
    }
}

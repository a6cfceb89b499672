import ArgumentParser

/// What the name of an output file says of what is in it.
enum OutputName {
    /// Throws a usage error for a name that promises something else than is written; one without an extension promises
    /// nothing.
    static func check(_ path: String?, option: String, endsWith suffix: String) throws {
        guard let path, !path.lowercased().hasSuffix(suffix), let name = path.split(separator: "/").last,
            name.dropFirst().contains(".")
        else { return }
        throw ValidationError("\(option) \(path): must end with \(suffix), which is what is written")
    }
}

package import OpenCLRuntime

extension ProgramCache {
    /// The user's own cache; nil where there is no place for one.
    package static let standard: ProgramCache? = defaultDirectory.map {
        ProgramCache(directory: $0, engineVersion: FoveaVersion.current)
    }
}

/// The version of this package.
public enum FoveaVersion {
    /// Major, minor and patch, as in semantic versioning.
    public static let current = "0.1.0"
}

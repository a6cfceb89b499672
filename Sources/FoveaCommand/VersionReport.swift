import Fovea
import OpenCLRuntime

/// What `--version` tells.
enum VersionReport {
    /// The name and the number.
    static let short = "fovea \(FoveaVersion.current)"

    /// Version, build, and every OpenCL loader and driver there is; asks the drivers, so only for who wants to know.
    static var long: String {
        #if DEBUG
            let build = "debug"
        #else
            let build = "release"
        #endif
        var lines = ["\(short) (\(build))", "OpenCL loader: \(OpenCLLoader.description)"]
        do {
            var platforms: [String] = []
            for device in try Device.discover() {
                let platform = "\(device.platformName), \(device.platformVersion)"
                if !platforms.contains(platform) { platforms.append(platform) }
            }
            lines += platforms.map { "OpenCL platform: \($0)" }
        } catch {
            lines.append("OpenCL platform: none (\(error))")
        }
        return lines.joined(separator: "\n")
    }
}

import Fovea
import Imaging
import OpenCLRuntime

/// What `--version` tells.
enum VersionReport {
    /// The name and the number.
    static let short = "fovea \(FoveaVersion.current)"

    /// Version, build, what decodes pictures, and every OpenCL loader, platform and device there is.
    ///
    /// Asks the drivers, so only for who wants to know.
    static var long: String {
        #if DEBUG
            let build = "debug"
        #else
            let build = "release"
        #endif
        var lines = [
            "\(short) (\(build), \(architecture))", "picture decoders: \(ImagingLibraries.versions)",
            "OpenCL loader: \(OpenCLLoader.description)",
        ]
        do {
            let devices = try Device.discover()
            var platforms: [String] = []
            for device in devices {
                let platform = "\(device.platformName), \(device.platformVersion)"
                if !platforms.contains(platform) { platforms.append(platform) }
            }
            lines += platforms.map { "OpenCL platform: \($0)" }
            lines += devices.map { "OpenCL device \($0.index): \($0.name), driver \($0.driverVersion)" }
        } catch {
            lines.append("OpenCL platform: none (\(error))")
        }
        return lines.joined(separator: "\n")
    }

    private static var architecture: String {
        #if arch(x86_64)
            "x86_64"
        #elseif arch(arm64)
            "arm64"
        #else
            "another processor"
        #endif
    }
}

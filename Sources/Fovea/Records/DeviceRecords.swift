package import Checkpoints
import OpenCLRuntime

/// What was measured of devices, kept between runs: one small JSON file a device, driver and version of Fovea.
///
/// A record is only used where it is whole and belongs to this very device, driver and version; anything else is as good
/// as none. Nothing here fails: a place that cannot be written is a place without records.
package struct DeviceRecords: Sendable {
    /// What is kept, by the name of its folder and of its member in the file.
    package enum Kind: String, Sendable {
        /// Ceilings of the device.
        case roofline
        /// How it multiplies below float32.
        case selection
        /// Numbers of its kernels.
        case tuning
    }

    private static let format = 1
    /// Records take a few kilobytes.
    private static let largest = 1 << 20
    /// The cache directory of this program.
    private let directory: String

    /// Records in a directory, which is touched when it is first written.
    package init(directory: String) { self.directory = directory }

    /// The user's own; nil where there is no place for one.
    package static let standard: DeviceRecords? = ProgramCache.defaultDirectory.map(DeviceRecords.init(directory:))

    /// Where a record is.
    package func path(_ kind: Kind, for device: DeviceIdentity) -> String {
        "\(folder(kind))/\(device.fileName)"
    }

    /// The record of a device; nil where there is none.
    ///
    /// - Parameter report: Is told, in a sentence, why one that is there was not used.
    package func read(_ kind: Kind, for device: DeviceIdentity, report: (String) -> Void = { _ in }) -> JSON? {
        let path = path(kind, for: device)
        switch CacheFiles.read(path, upTo: Self.largest) {
        case .success(let bytes):
            do {
                return try Self.content(of: bytes, kind, for: device)
            } catch {
                report("the \(kind.rawValue) in \(path) was not used: \(error.reason)")
            }
        case .failure(.absent): break
        case .failure(let reason): report("the \(kind.rawValue) in \(path) was not used: \(reason)")
        }
        return nil
    }

    /// Why a record is as good as none.
    private struct Refusal: Error {
        let reason: String
    }

    private static func content(
        of bytes: [UInt8], _ kind: Kind, for device: DeviceIdentity
    ) throws(Refusal) -> JSON {
        guard let record = try? JSON(parsing: String(decoding: bytes, as: UTF8.self)) else {
            throw Refusal(reason: "it is not JSON")
        }
        guard record["format"]?.integer == format else { throw Refusal(reason: "its format is another version") }
        guard record["device"].flatMap({ DeviceIdentity($0) }) == device else {
            throw Refusal(reason: "it belongs to another device, driver or version of Fovea")
        }
        guard let content = record[kind.rawValue] else { throw Refusal(reason: "it holds no \(kind.rawValue)") }
        return content
    }

    /// Keeps a record in the place of what was there; tells, in a sentence, what kept it from being kept.
    package func write(_ kind: Kind, _ content: JSON, for device: DeviceIdentity) -> String? {
        let record: JSON = .object(
            JSON.Object([("format", JSON(Self.format)), ("device", device.json), (kind.rawValue, content)]))
        let (folder, path) = (folder(kind), path(kind, for: device))
        guard
            let problem = CacheFiles.prepare(folder)
                ?? CacheFiles.write(Array((record.text(.pretty) + "\n").utf8), to: path, in: folder)
        else { return nil }
        return "the \(kind.rawValue) was not kept in \(path): \(problem)"
    }

    private func folder(_ kind: Kind) -> String { "\(directory)/\(kind.rawValue)" }
}

import Kernels
package import OpenCLRuntime
import Operations

/// The seconds that a product takes for a layer.
package typealias NarrowTiming = @Sendable (NarrowProduct) throws(OpenCLError) -> Double

/// Where selections are kept between starts, so that only the first of a device puts it to the probes.
package protocol NarrowSelectionStore: Sendable {
    /// What was found among these very products, on this device, by this driver and these kernels; nil where nothing was.
    func selection(among products: [NarrowProduct]) -> NarrowSelection?

    /// Keeps what was found, where it can.
    func keep(_ selection: NarrowSelection, among products: [NarrowProduct])
}

extension NarrowSelection {
    /// What else than device, driver and version of Fovea a selection depends on, as one number in hexadecimal: the text of
    /// every kernel, what the host makes of it, and the driver's settings.
    package static func fingerprint(on device: Device) -> String {
        var hash = FNV1a()
        var index: UInt32 = 0
        while let name = fovea_kernel_name(index), let source = fovea_kernel_source(name) {
            for text in [name, source] {
                // With its end, so that no text can pass for a part of the next.
                var place = text
                while true {
                    let byte = UInt8(bitPattern: place.pointee)
                    hash.combine(CollectionOfOne(byte))
                    if byte == 0 { break }
                    place += 1
                }
            }
            index += 1
        }
        // What the host decides: how probes ask, and the tiles, by every number of theirs.
        let decisions: [Any] =
            [
                NarrowProbe.version, InstructionSplice.version, WarpGroupTile.all(isEmulated: false),
                AttentionWarpGroupTile.all,
            ]
            + MatrixInstruction.allCases.flatMap { instruction -> [Any] in
                let attention = [32, 64, 80, 128].map {
                    AttentionMatrixTile(NarrowProduct(.float16, instruction.form), instruction, headWidth: $0)
                }
                return [MatrixTile(instruction, isEmulated: false), attention, instruction.buildOptions]
            }
        hash.combine("\(decisions)".utf8)
        hash.combine(DriverCache.settings(forPlatform: device.platformName).utf8)
        return String(hash.value, radix: 16)
    }
}

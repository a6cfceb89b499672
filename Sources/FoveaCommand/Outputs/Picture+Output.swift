import Fovea
import Imaging

extension Picture {
    /// The picture as a PNG file; throws category `outOfMemory`, naming the file it is for.
    func png(for path: String) throws(FoveaError) -> [UInt8] {
        do {
            return try png()
        } catch {
            throw FoveaError(error.about(file: path), category: .outOfMemory)
        }
    }
}

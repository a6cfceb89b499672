import Fovea
import VisionModels

extension InputArray {
    /// Opens a model at the size of the array's pictures.
    ///
    /// Throws category `input` where the model cannot run at that size; `path` is what messages call the array.
    func open(_ files: ModelFiles, _ options: ModelOptions, path: String) throws(FoveaError) -> OpenedModel {
        let own = try? files.open(options.overrides(inputSize: nil))
        if let own, own.configuration.imageHeight == size.height, own.configuration.imageWidth == size.width {
            return own
        }
        do {
            return try files.open(options.overrides(inputSize: size))
        } catch {
            guard let own else { throw error }
            throw FoveaError(
                .input, code: "INPUT_SHAPE",
                "\(path): holds pictures of \(size) (height × width), but \(files.name) reads "
                    + "\(own.configuration.inputDescription); give it an array of that size", details: [error.message])
        }
    }
}

import Fovea
import Imaging
import Operations
import VisionModels

/// A model on a device, from batches of pictures to numbers.
struct PictureModel {
    private let session: any InferenceSession
    private let normalization: Normalization
    private let size: PixelSize

    /// Sizes and choices of the model.
    var configuration: VisionTransformerConfiguration { session.configuration }
    /// The name of the device.
    var deviceName: String { session.deviceName }

    /// Puts a model on a device; throws a usage error where the recipe makes pictures of another size than it reads.
    init(
        _ opened: OpenedModel, reading reader: PictureReader, on device: () throws -> ComputeDevice,
        options: SessionOptions
    ) throws {
        let configuration = opened.configuration
        size = PixelSize(width: configuration.imageWidth, height: configuration.imageHeight)
        try Self.check(reader.preprocessing, gives: size)
        normalization = reader.normalization
        session = try opened.session(on: device(), options: options)
    }

    /// The numbers that the model gives for each picture, or why it gives none, in order.
    ///
    /// Throws where the device fails.
    func outputs(
        _ kind: OutputKind, for pictures: [FedPicture]
    ) throws(FoveaError) -> [Result<ArraySlice<Float>, FoveaError>] {
        let fitting = pictures.map { fed in
            fed.result.map(\.picture).mapError { FoveaError($0) }.flatMap { fit($0, name: fed.name) }
        }
        let good = fitting.compactMap { try? $0.get() }
        guard !good.isEmpty else { return fitting.map { $0.map { _ in [] } } }
        let output = try session.run(.pictures(PictureReader.batch(good), normalization), kind)
        let length = output.values.count / good.count
        var rest = output.values[...]
        return zip(pictures, fitting).map { fed, picture in
            picture.flatMap { _ in
                defer { rest = rest.dropFirst(length) }
                return finite(rest.prefix(length), name: fed.name)
            }
        }
    }

    /// NaN must never look like an answer.
    private func finite(_ values: ArraySlice<Float>, name: String) -> Result<ArraySlice<Float>, FoveaError> {
        guard let bad = values.firstIndex(where: { !$0.isFinite }) else { return .success(values) }
        return .failure(
            FoveaError(
                .deviceFailed, code: "MODEL_NONFINITE_OUTPUT",
                "\(name): the model gave \(values[bad]) as number \(bad - values.startIndex), which is no answer; check "
                    + "the device with fovea verify"))
    }

    /// A recipe without a crop leaves the size to the picture, so each one has to be looked at.
    private func fit(_ picture: Picture, name: String) -> Result<Picture, FoveaError> {
        guard picture.size != size else { return .success(picture) }
        return .failure(
            FoveaError(
                .input, code: "INPUT_SIZE",
                "\(name): the model's recipe makes it \(picture.size) pixels, but the model reads \(size); "
                    + "say how to resize it with --resize"))
    }

    private static func check(_ preprocessing: Preprocessing, gives size: PixelSize) throws(FoveaError) {
        guard let made = preprocessing.outputSize, made != size else { return }
        throw FoveaError(
            .usage, code: "INPUT_SIZE",
            "the model's recipe makes pictures of \(made) pixels (width × height), but the model reads \(size); "
                + "give --input-size \(size.height)x\(size.width)")
    }
}

package import Imaging
import OpenCLOperations
package import Operations
import VisionModels

/// A model on a device, or on several that are alike, from batches of pictures to numbers.
///
/// Any number of tasks may ask: a device computes one batch at a time.
package final class PictureModel: Sendable {
    /// The model's sizes, its labels and its files.
    package let opened: OpenedModel
    /// From files to what the model looks at.
    package let reader: PictureReader
    let sessions: SessionQueue
    private let size: PixelSize

    /// The name of the device.
    package var deviceName: String { sessions.deviceName }
    /// Number of devices, and so of batches that are computed at once.
    package var deviceCount: Int { sessions.count }
    /// Number of batches that should be under way so that no device waits for its next: one to compute and one to follow.
    ///
    /// One where there is a single device that does one thing at a time: a batch then takes all that has come until the
    /// rows of the one before are written.
    package var batchCount: Int { sessions.passCount == 1 ? 1 : 2 * deviceCount }
    /// What products are computed in.
    package var precision: Precision { sessions.precision }
    /// How many pictures a batch should have where nobody says.
    package var usualBatchSize: Int { sessions.usualBatchSize }

    /// Looks through sessions that are there already, one a device.
    package init(
        _ opened: OpenedModel, reading reader: PictureReader, through sessions: sending [any InferenceSession]
    ) {
        (self.opened, self.reader, self.sessions) = (opened, reader, SessionQueue(sessions))
        size = opened.pictureSize
    }

    /// Puts a model on devices; throws a usage error where the recipe makes pictures of another size than it reads.
    package convenience init(
        _ opened: OpenedModel, reading reader: PictureReader, on devices: () throws -> [ComputeDevice],
        options: SessionOptions = SessionOptions()
    ) throws {
        try reader.preprocessing.check(gives: opened.pictureSize)
        self.init(opened, reading: reader, through: try opened.sessions(on: devices(), options: options))
    }

    /// Loads a model and puts it on devices, once it is known to have the output.
    convenience init(model: String, device: String, precision: String, output: OutputKind) throws(FoveaError) {
        do {
            let request = try DeviceRequest(named: device)
            guard let precision = PrecisionRequest(precision) else {
                throw FoveaError(
                    .usage, code: "PRECISION_NAME",
                    "'\(precision)' is no precision; use \(PrecisionRequest.names.joined(separator: ", "))")
            }
            var options = SessionOptions()
            options.backend.precision = precision.precision
            let (opened, recipe) = try ModelFiles(model).open(preparing: PreprocessingOptions())
            try output.check(against: opened.configuration)
            let reader = PictureReader(recipe)
            let devices = try ComputeDevice.all(request)
            try devices.forEach(precision.check)
            try self.init(opened, reading: reader, on: { devices }, options: options)
        } catch {
            throw FoveaError(error)
        }
    }

    /// The numbers that the model gives for each picture, or why it gives none, in order and in one pass.
    ///
    /// They have the same bits whatever else is in the batch. Throws where the device fails.
    package func outputs(
        _ kind: OutputKind, for batch: PictureBatch
    ) async throws(FoveaError) -> [Result<ArraySlice<Float>, FoveaError>] {
        let pictures = zip(batch.names, batch.pictures).map { name, picture in picture.flatMap { fit($0, name: name) } }
        let good = pictures.compactMap { try? $0.get() }
        guard !good.isEmpty else { return pictures.map { $0.map { _ in [] } } }
        let output = try await sessions.run(.pictures(PictureReader.batch(good), reader.normalization), kind)
        let length = output.values.count / good.count
        var rest = output.values[...]
        return zip(batch.names, pictures).map { name, picture in
            picture.flatMap { _ in
                defer { rest = rest.dropFirst(length) }
                return finite(rest.prefix(length), name: name)
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
    func fit(_ picture: Picture, name: String) -> Result<Picture, FoveaError> {
        guard picture.size != size else { return .success(picture) }
        return .failure(
            FoveaError(
                .input, code: "INPUT_SIZE",
                "\(name): the model's recipe makes it \(picture.size) pixels, but the model reads \(size); give it that "
                    + "size, or say how to resize it with --resize"))
    }
}

/// Pictures that were read, each or why there is none.
package struct PictureBatch: Sendable {
    let names: [String]
    let pictures: [Result<Picture, FoveaError>]

    /// Takes pictures under the names that messages give them.
    package init(_ pictures: [(name: String, result: Result<Picture, FoveaError>)]) {
        names = pictures.map(\.name)
        self.pictures = pictures.map(\.result)
    }

    /// Reads sources on all cores.
    init(_ sources: [PictureSource], by reader: PictureReader) {
        names = sources.map(\.name)
        pictures = reader.prepare(sources).map { $0.map(\.picture).mapError { FoveaError($0) } }
    }
}

extension OpenedModel {
    /// The pixels that the model reads.
    fileprivate var pictureSize: PixelSize {
        PixelSize(width: configuration.imageWidth, height: configuration.imageHeight)
    }
}

extension Preprocessing {
    fileprivate func check(gives size: PixelSize) throws(FoveaError) {
        guard let made = outputSize, made != size else { return }
        throw FoveaError(
            .usage, code: "INPUT_SIZE",
            "the model's recipe makes pictures of \(made) pixels (width × height), but the model reads \(size); "
                + "give --input-size \(size.height)x\(size.width)")
    }
}

import Imaging
import Operations
import VisionModels

/// A model on a device that looks at picture files: what `ImageClassifier` and `ImageEncoder` are made of.
///
/// Not `Sendable`: the actor that owns it lets one caller in at a time.
final class PictureModel {
    /// The model's sizes, its labels and its files.
    let opened: OpenedModel
    /// From files to what the model looks at.
    let reader: PictureReader
    /// The name of the device.
    let deviceName: String
    private let session: any InferenceSession
    private let output: OutputKind
    private let size: PixelSize

    /// Loads a model and puts it on a device, once it is known to have the output.
    init(model: String, device: String, output: OutputKind) throws(FoveaError) {
        guard let request = DeviceRequest(device) else {
            throw FoveaError(
                .usage, code: "DEVICE_NAME",
                "'\(device)' names no device; use auto, gpu, cpu, opencl:N or part of a name")
        }
        let files = try ModelFiles(model)
        opened = try files.open()
        try output.check(against: opened.configuration)
        reader = PictureReader(try files.preprocessing())
        session = try opened.session(on: ComputeDevice(request))
        deviceName = session.deviceName
        size = PixelSize(width: opened.configuration.imageWidth, height: opened.configuration.imageHeight)
        self.output = output
    }

    /// The model's output for each picture that there is, in one pass; `answer` makes a value of a row.
    ///
    /// An answer has the same bits whatever else is in the batch. Throws where the device fails.
    func answers<Answer>(
        for batch: PictureBatch, _ answer: (ArraySlice<Float>) throws(FoveaError) -> Answer
    ) throws(FoveaError) -> [Result<Answer, FoveaError>] {
        let pictures = zip(batch.names, batch.pictures).map { name, picture in picture.flatMap { fitting($0, name) } }
        let good = pictures.compactMap { try? $0.get() }
        guard !good.isEmpty else { return pictures.map { $0.map { _ in preconditionFailure("no picture") } } }
        let rows = try session.run(.pictures(PictureReader.batch(good), reader.normalization), output)
        var rest = rows.values[...]
        var answers: [Result<Answer, FoveaError>] = []
        for picture in pictures {
            guard case .failure(let error) = picture else {
                answers.append(.success(try answer(rest.prefix(rows.shape.width))))
                rest = rest.dropFirst(rows.shape.width)
                continue
            }
            answers.append(.failure(error))
        }
        return answers
    }

    /// A recipe without a crop leaves the size to the picture, so each one has to be looked at.
    private func fitting(_ picture: Picture, _ name: String) -> Result<Picture, FoveaError> {
        guard picture.size != size else { return .success(picture) }
        return .failure(
            FoveaError(
                .input, code: "INPUT_SIZE",
                "\(name): the model's recipe makes it \(picture.size) pixels, but the model reads \(size)"))
    }
}

/// Pictures that were read, each or why there is none.
struct PictureBatch: Sendable {
    let names: [String]
    let pictures: [Result<Picture, FoveaError>]

    /// Reads sources on all cores.
    init(_ sources: [PictureSource], by reader: PictureReader) {
        names = sources.map(\.name)
        pictures = reader.prepare(sources).map { $0.map(\.picture).mapError { FoveaError($0) } }
    }
}

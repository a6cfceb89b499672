import ArgumentParser
import Fovea
import VisionModels

/// A command whose model looks at pictures.
protocol PictureModelCommand: VerboseCommand {
    var options: PictureModelOptions { get }
}

extension PictureModelCommand {
    var verbosity: Verbosity { options.verbosity }
}

/// A model that looks at pictures: which one, how it gets them, and where it computes.
struct PictureModelOptions: ParsableArguments {
    @OptionGroup var batch: BatchOption
    @OptionGroup(title: "Model") var model: ModelOptions
    @OptionGroup(title: "Preprocessing, in place of the model's own") var preprocessing: PictureOptions
    @OptionGroup(title: "Device") var device: DeviceOptions
    @OptionGroup var verbosity: Verbosity

    /// Opens the model's weights, and finds how it wants its pictures.
    func open() throws -> (model: OpenedModel, reader: PictureReader) {
        let files = try model.files(quiet: verbosity.quiet)
        let (opened, recipe) = try files.open(model.overrides, preparing: preprocessing.preprocessing)
        return (opened, PictureReader(recipe, decoding: preprocessing.decoding))
    }

    /// How many pictures a batch has: what was asked for, or what fills the model's device.
    func batchSize(of model: PictureModel) -> Int { batch.batchSize ?? model.usualBatchSize }

    /// Puts what `make` makes of the model on the device.
    ///
    /// - Parameter make: Refuses what does not fit the opened model, then calls for the device.
    func load<Loaded>(
        _ opened: OpenedModel, _ reader: PictureReader,
        as make: (OpenedModel, () throws -> PictureModel) throws -> Loaded
    ) throws -> Loaded {
        let start = ContinuousClock.now
        let loaded = try make(opened) {
            let model = try PictureModel(
                opened, reading: reader, on: device.resolveAll, options: device.sessionOptions(for: model))
            let count = model.deviceCount == 1 ? "" : "\(model.deviceCount) × "
            verbosity.detail(device: count + model.deviceName, model.precision)
            return model
        }
        let seconds = ((ContinuousClock.now - start) / .seconds(1)).formatted(decimals: 2)
        verbosity.detail("\(opened.files.name) (\(opened.configuration.architecture)) was ready after \(seconds) s")
        return loaded
    }
}

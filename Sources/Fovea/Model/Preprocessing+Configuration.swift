import Checkpoints
package import Imaging
package import VisionModels

extension ModelFiles {
    /// How the model wants its pictures: from its own configuration, with what the user says in place of it.
    ///
    /// timm's `pretrained_cfg` (evaluation defaults: `input_size`, `crop_pct`), else transformers'
    /// `preprocessor_config.json`, open_clip's `preprocess_cfg`, else the defaults of the model's type, else AugReg's own for
    /// its weights. Throws CFG_* of category `model`, where nothing says it and the user does not either.
    ///
    /// - Parameter model: The model, where it is open already.
    package func preprocessing(
        _ options: PreprocessingOptions = .init(), of model: OpenedModel? = nil
    ) throws(FoveaError) -> Preprocessing {
        var notes: [String] = []
        if !options.geometryNames.isEmpty { notes.append("with \(options.geometryNames.joined(separator: ", "))") }
        let defaults = timmDefaults.filter { !options.geometryFields.contains($0) }
        if !defaults.isEmpty, preprocessor == nil, options.mode == nil {
            notes.append("\(defaults.joined(separator: ", ")) by timm's default")
        }
        return try recipe(options, model).noting(notes)
    }

    /// Opens the weights and reads how the model wants its pictures, at the size that its library would run it.
    ///
    /// Weights come first, for a file that is none has no recipe either; what only the user can say is asked for at once.
    package func open(
        _ overrides: ModelOverrides = ModelOverrides(), preparing options: PreprocessingOptions
    ) throws(FoveaError) -> (model: OpenedModel, preprocessing: Preprocessing) {
        var overrides = overrides
        overrides.inputSize = options.inputSize
        let model: OpenedModel
        do throws(FoveaError) {
            model = try open(overrides)
        } catch {
            let isUnnamed = error.code == CheckpointError.Code.configurationArchitecture.rawValue
            let isIncomplete =
                isUnnamed && overrides.architecture == nil
                || error.code == CheckpointError.Code.configurationHeads.rawValue && overrides.heads == nil
            guard isIncomplete, !options.missing.isEmpty, (try? ownRecipe(options)) == nil else { throw error }
            throw FoveaError(
                error.category, code: error.code,
                error.message + ", and say how its pictures are prepared with \(options.missing)",
                details: error.details)
        }
        let recipe = try preprocessing(options, of: model)
        let own = model.configuration
        guard model.plan.takesProcessorSize, overrides.inputSize == nil, let made = recipe.outputSize,
            made.height != own.imageHeight || made.width != own.imageWidth
        else { return (model, recipe) }
        overrides.inputSize = InputSize(height: made.height, width: made.width)
        do {
            return (try open(model.checkpoint, overrides), recipe)
        } catch {
            throw FoveaError(ofModel: error)
        }
    }

    /// The geometric fields of a timm configuration that it leaves to timm; none for other configurations.
    private var timmDefaults: [String] {
        guard let configuration, configuration.value("architecture") != nil,
            let fields = try? configuration.section("pretrained_cfg") ?? configuration
        else { return [] }
        return ["input_size", "crop_pct", "crop_mode", "interpolation"].filter { fields.value($0) == nil }
    }

    private func recipe(_ options: PreprocessingOptions, _ model: OpenedModel?) throws(FoveaError) -> Preprocessing {
        do {
            if let recipe = try ownRecipe(options) { return recipe }
            if let recipe = try options.wholeRecipe { return recipe }
            // What only the weights can tell; a path that leads to none is refused here.
            if configuration == nil {
                let checkpoint = try model?.checkpoint ?? openCheckpoint()
                if checkpoint.isAugReg { return try Self.augRegRecipe(options, try model ?? open(checkpoint)) }
            }
            throw FoveaError(
                .model, code: "CFG_MISSING", "\(name): says nothing about preprocessing; give \(options.missing)")
        } catch {
            throw FoveaError(error)
        }
    }

    /// What the configuration files say; nil where they say nothing of pictures.
    private func ownRecipe(_ options: PreprocessingOptions) throws -> Preprocessing? {
        if let preprocessor { return try HuggingFaceRecipe(preprocessor).preprocessing(options) }
        if let recipe = try timmRecipe(options) { return recipe }
        if let configuration, let recipe = try OpenCLIPRecipe(configuration) {
            return try recipe.preprocessing(options)
        }
        // transformers has no processor of its own for RADIO: nothing says how its pictures are made.
        guard let type = try configuration?.string("model_type"), type != "radio" else { return nil }
        let file = "transformers' defaults for \(type)"
        return try HuggingFaceRecipe(Configuration([:], file: file), type: type, model: configuration)
            .preprocessing(options)
    }

    /// The whole picture at the model's size, from −1 to 1: google-research/vision_transformer, `input_pipeline.py`, with the
    /// filter that transformers has for these weights.
    private static func augRegRecipe(
        _ options: PreprocessingOptions, _ model: OpenedModel
    ) throws(PreprocessingError) -> Preprocessing {
        let own = PixelSize(width: model.configuration.imageWidth, height: model.configuration.imageHeight)
        return try .mode(
            options.mode ?? .squash,
            inputSize: options.inputSize.map { PixelSize(width: $0.width, height: $0.height) } ?? own,
            cropFraction: options.cropFraction ?? (options.mode == nil ? 1 : nil),
            interpolation: options.interpolation ?? .bilinear,
            normalization: options.normalization(over: .half),
            origin: options.mode == nil ? "AugReg's own recipe:" : "--resize")
    }

    /// timm's recipe; nil where the configuration is not timm's.
    private func timmRecipe(_ options: PreprocessingOptions) throws -> Preprocessing? {
        guard let configuration, configuration.value("architecture") != nil else { return nil }
        let fields = try configuration.section("pretrained_cfg") ?? configuration
        let stated = try fields.integers("input_size") ?? [3, 224, 224]
        guard stated.count == 3, stated[1] > 0, stated[2] > 0, stated[1] <= 1 << 14, stated[2] <= 1 << 14 else {
            throw fields.rejecting("input_size", code: .configurationShape, expected: "[3, height, width]")
        }
        let size = options.inputSize ?? InputSize(height: stated[1], width: stated[2])
        let fraction = try options.cropFraction ?? fields.double("crop_pct") ?? 0.875
        guard fraction > 0, fraction <= 4 else {
            throw fields.rejecting("crop_pct", code: .configurationNormalization, expected: "above 0 and at most 4")
        }
        let filter = try fields.string("interpolation") ?? "bicubic"
        guard let interpolation = options.interpolation ?? Resampling(rawValue: filter) else {
            throw fields.rejecting(
                "interpolation", code: .configurationType,
                expected: Resampling.allCases.map(\.rawValue).joined(separator: ", "))
        }
        let normalization = try options.normalization(
            over: PixelNormalization(
                mean: fields.triple("mean") ?? PixelNormalization.imageNet.mean,
                deviation: fields.positiveTriple("std") ?? PixelNormalization.imageNet.deviation))
        let pixels = PixelSize(width: size.width, height: size.height)
        if let mode = options.mode {
            return try .mode(
                mode, inputSize: pixels, cropFraction: mode.timmCropMode == nil ? options.cropFraction : fraction,
                interpolation: interpolation, normalization: normalization)
        }
        let crop = try fields.string("crop_mode").flatMap { TIMMCropMode(rawValue: $0) } ?? .center
        return try .timm(
            inputSize: pixels, cropFraction: fraction, cropMode: crop, interpolation: interpolation,
            normalization: normalization, origin: fields.file)
    }
}

extension Preprocessing {
    /// The same recipe, its resizing saying more of where it came from.
    fileprivate func noting(_ notes: [String]) -> Preprocessing {
        guard !notes.isEmpty else { return self }
        return Preprocessing(
            steps: steps.map { step in
                guard case .resize = step.geometry else { return step }
                return Step(step.geometry, source: ([step.source] + notes).joined(separator: "; "))
            },
            normalization: normalization)
    }
}

extension Checkpoint {
    /// Whether the weights are in the names of AugReg's code, whose recipe is known; big_vision's has one for each model.
    fileprivate var isAugReg: Bool {
        facts.origin == .jax && storedName(of: "blocks.0.norm2.weight")?.hasSuffix("/LayerNorm_2/scale") == true
    }
}

extension PreprocessingOptions {
    /// The recipe that the user alone describes; nil where something is left open.
    fileprivate var wholeRecipe: Preprocessing? {
        get throws(PreprocessingError) {
            guard let mode, let inputSize, let mean, let deviation else { return nil }
            return try .mode(
                mode, inputSize: PixelSize(width: inputSize.width, height: inputSize.height),
                cropFraction: cropFraction, interpolation: interpolation ?? .bicubic,
                normalization: PixelNormalization(mean: mean, deviation: deviation))
        }
    }

    /// The options that a recipe of the user's own still needs, in words; empty where it is whole.
    fileprivate var missing: String {
        let names = [
            ("--resize", mode == nil), ("--input-size", inputSize == nil), ("--mean", mean == nil),
            ("--std", deviation == nil),
        ].filter(\.1).map(\.0)
        return names.count < 2
            ? names.joined() : names.dropLast().joined(separator: ", ") + " and " + names[names.count - 1]
    }

    /// The options besides `--resize`, which recipes name themselves, that the geometry comes from.
    fileprivate var geometryNames: [String] {
        [
            (cropFraction.map { "--crop-pct \($0)" }), (interpolation.map { "--interpolation \($0.rawValue)" }),
            (inputSize.map { "--input-size \($0.height)x\($0.width)" }),
        ].compactMap { $0 }
    }

    /// The same as timm's fields.
    fileprivate var geometryFields: [String] {
        (cropFraction == nil ? [] : ["crop_pct"]) + (interpolation == nil ? [] : ["interpolation"])
            + (inputSize == nil ? [] : ["input_size"])
    }

    /// Mean and deviation, the user's in place of the model's.
    func normalization(over own: PixelNormalization) throws(PreprocessingError) -> PixelNormalization {
        guard mean != nil || deviation != nil else { return own }
        return try PixelNormalization(
            mean: mean ?? own.mean, deviation: deviation ?? own.deviation,
            scale: own.scale)
    }
}

extension Configuration {
    /// Three numbers.
    func triple(_ field: String) throws(CheckpointError) -> [Double]? {
        guard let values = try doubles(field) else { return nil }
        guard values.count == 3 else {
            throw rejecting(field, code: .configurationNormalization, expected: "three numbers, red, green, blue")
        }
        return values
    }

    /// Three numbers above 0.
    func positiveTriple(_ field: String) throws(CheckpointError) -> [Double]? {
        guard let values = try triple(field) else { return nil }
        guard values.allSatisfy({ $0 > 0 }) else {
            throw rejecting(field, code: .configurationNormalization, expected: "three numbers above 0")
        }
        return values
    }
}

import Checkpoints
package import Imaging
import VisionModels

extension ModelFiles {
    /// How the model wants its pictures: from its own configuration, with what the user says in place of it.
    ///
    /// timm's `pretrained_cfg` (evaluation defaults: `input_size`, `crop_pct`), else transformers'
    /// `preprocessor_config.json`, open_clip's `preprocess_cfg`, else the defaults of the model's type. Throws CFG_* of
    /// category `model`.
    package func preprocessing(_ options: PreprocessingOptions = .init()) throws(FoveaError) -> Preprocessing {
        var notes: [String] = []
        if !options.geometryNames.isEmpty { notes.append("with \(options.geometryNames.joined(separator: ", "))") }
        let defaults = timmDefaults.filter { !options.geometryFields.contains($0) }
        if !defaults.isEmpty, preprocessor == nil, options.mode == nil {
            notes.append("\(defaults.joined(separator: ", ")) by timm's default")
        }
        return try recipe(options).noting(notes)
    }

    /// The geometric fields of a timm configuration that it leaves to timm; none for other configurations.
    private var timmDefaults: [String] {
        guard let configuration, configuration.value("architecture") != nil,
            let fields = try? configuration.section("pretrained_cfg") ?? configuration
        else { return [] }
        return ["input_size", "crop_pct", "crop_mode", "interpolation"].filter { fields.value($0) == nil }
    }

    private func recipe(_ options: PreprocessingOptions) throws(FoveaError) -> Preprocessing {
        do {
            if let preprocessor { return try HuggingFaceRecipe(preprocessor).preprocessing(options) }
            if let recipe = try timmRecipe(options) { return recipe }
            if let configuration, let recipe = try OpenCLIPRecipe(configuration) {
                return try recipe.preprocessing(options)
            }
            // transformers has no processor of its own for RADIO: nothing says how its pictures are made.
            if let type = try configuration?.string("model_type"), type != "radio" {
                let file = "transformers' defaults for \(type)"
                return try HuggingFaceRecipe(Configuration([:], file: file), type: type, model: configuration)
                    .preprocessing(options)
            }
            guard let mode = options.mode, let size = options.inputSize else {
                throw FoveaError(
                    .model, code: "CFG_MISSING",
                    "\(name): says nothing about preprocessing; give --resize, --input-size, --mean and --std")
            }
            return try .mode(
                mode, inputSize: PixelSize(width: size.width, height: size.height), cropFraction: options.cropFraction,
                interpolation: options.interpolation ?? .bicubic,
                normalization: try options.normalization(over: .imageNet))
        } catch {
            throw FoveaError(error)
        }
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

extension PreprocessingOptions {
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

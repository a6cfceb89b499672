import Checkpoints

extension ModelFiles {
    /// Where mean and standard deviation come from, for people.
    package func normalizationSource(_ options: PreprocessingOptions) -> String {
        switch (options.mean != nil, options.deviation != nil) {
        case (true, true): "--mean and --std"
        case (true, false): "--mean; std from \(ownNormalizationSource)"
        case (false, true): "--std; mean from \(ownNormalizationSource)"
        case (false, false): ownNormalizationSource
        }
    }

    private var ownNormalizationSource: String {
        if let preprocessor {
            return preprocessor.value("image_mean") != nil
                ? "\(preprocessor.file): image_mean, image_std"
                : "the defaults of transformers, since \(preprocessor.file) names no image_mean"
        }
        guard let configuration else { return "AugReg's own recipe" }
        if let type = configuration.value("model_type")?.string { return "the defaults of transformers for \(type)" }
        if configuration.value("model_cfg") != nil {
            return configuration.value("preprocess_cfg", "mean") != nil
                ? "\(configuration.file): preprocess_cfg's mean, std"
                : "the defaults of open_clip, since \(configuration.file) names no mean"
        }
        let states = configuration.value("pretrained_cfg", "mean") ?? configuration.value("mean")
        return states != nil
            ? "\(configuration.file): mean, std" : "the defaults of timm, since \(configuration.file) names no mean"
    }
}

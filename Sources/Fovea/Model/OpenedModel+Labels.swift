package import Checkpoints
import VisionModels

extension OpenedModel {
    /// The names of the classes.
    ///
    /// From the file the user names, else from the model's configuration, else for a timm model, by its configuration or by the
    /// user's word, the list of ImageNet that has so many classes, as timm does it; nil where nothing names them.
    package func labels(from file: String? = nil) throws(FoveaError) -> Labels? {
        guard let classes = configuration.classes else { return nil }
        do {
            if let file {
                let labels = try Labels(contentsOf: file)
                try labels.check(classes: classes, file: file)
                return labels
            }
            guard let own = files.configuration else {
                return isNamedByUser ? ImageNetList(rawValue: classes)?.labels : nil
            }
            if let labels = try Labels(own) {
                try labels.check(classes: classes, file: own.file)
                return labels
            }
            return own.value("architecture") != nil ? ImageNetList(rawValue: classes)?.labels : nil
        } catch {
            throw FoveaError(error)
        }
    }

    /// Whether classes are independent, so that probabilities are sigmoids: `problem_type` of transformers.
    package var isMultiLabel: Bool {
        (try? files.configuration?.string("problem_type")) == "multi_label_classification"
    }
}

package import Checkpoints
package import Imaging
import Operations
package import VisionModels

/// What a model is and what it costs, told from its files alone.
package struct ModelSummary: Sendable {
    /// What the user called it.
    package let name: String
    /// Sizes and choices.
    package let configuration: VisionTransformerConfiguration
    /// Numbers in the tensors that the model reads.
    package let parameterCount: Int
    /// Bytes of these tensors in the file.
    package let storedBytes: Int
    /// The names of the classes; nil where nothing names them.
    package let labels: Labels?
    /// How pictures are prepared; nil where nothing says it.
    package let preprocessing: Preprocessing?

    /// Gathers what the files say; no weight is read.
    package init(_ model: OpenedModel, preprocessing: Preprocessing?, labels: Labels?) {
        name = model.files.name
        configuration = model.configuration
        let layouts = model.plan.parameterNames(in: model.checkpoint).compactMap { model.checkpoint.layout(of: $0) }
        parameterCount = layouts.reduce(0) { $0 + $1.shape.count }
        storedBytes = layouts.reduce(0) { $0 + $1.shape.count * $1.scalarType.byteCount }
        self.labels = labels
        self.preprocessing = preprocessing
    }

    /// Device memory for the weights in float32, in bytes; kernels that pad their panels take a little more.
    package var weightBytes: Int { 4 * parameterCount }

    /// Device memory for what a pass computes, in bytes, estimated from the largest tensors that live at once.
    ///
    /// Three tensors `[B, T, D]` (the residual stream, what attention gives, their sum), `[B, T, 3·D]`, `[B, T, M]`, and
    /// the pictures as bytes. Buffers are kept for the next layer, so that all of these stay.
    package func activationBytes(batchSize: Int) -> Int {
        let (t, d, m) = (configuration.tokenCount, configuration.width, configuration.hiddenWidth)
        return batchSize * (4 * t * (3 * d + 3 * d + m) + 3 * configuration.imageHeight * configuration.imageWidth)
    }
}

extension Preprocessing {
    /// The whole recipe in one line: `resize the shorter side to 248, bicubic; center crop 224×224; …`.
    package var sentence: String {
        let steps = steps.map { step in
            switch step.geometry {
            case .resize(let rule, let filter): "resize \(rule.phrase), \(filter.rawValue)"
            case .centerCrop(let size, _, _): "center crop \(size)"
            }
        }
        return (steps + [normalization.description]).joined(separator: "; ")
    }
}

extension ResizeRule {
    fileprivate var phrase: String {
        switch self {
        case .exactly(let size): "to \(size)"
        case .shortestSide(let length): "the shorter side to \(length)"
        case .shortestSideLimited(let length, let limit):
            "the shorter side to \(length), the longer to at most \(limit)"
        case .covering(let size): "to cover \(size)"
        case .fitting(let size), .letterboxed(let size): "to fit \(size)"
        }
    }
}

import Operations
import VisionModels

extension VisionTransformer {
    /// The tensors that an output is made of, on the backend: several for several layers or parts of a map, else one.
    func outputs(
        _ output: OutputKind, of pixels: Pixels<B.Tensor>, on b: B, isMultiLabel: Bool
    ) throws(B.Failure) -> [B.Tensor] {
        switch output {
        case .logits: return [try logits(of: pixels, on: b)]
        case .probabilities:
            let scores = try logits(of: pixels, on: b)
            return [try isMultiLabel ? scores : b.softmax(scores)]
        case .embedding: return [try embedding(of: pixels, on: b)]
        case .pooled: return [try pooled(of: pixels, on: b)]
        case .tokens: return [try tokens(of: pixels, on: b)]
        case .layers(let wanted):
            var found: [Int: B.Tensor] = [:]
            _ = try layers(of: pixels, on: b) { index, x throws(B.Failure) in
                if wanted.contains(index) { found[index] = x }
            }
            return wanted.compactMap { found[$0] }
        case .attention(let choice): return try attentionMaps(of: pixels, choice, on: b).flatMap { $0 }
        }
    }
}

extension OutputKind {
    /// The output from its tensors: layers stacked, maps side by side, scores of independent classes as probabilities.
    func finish(_ tensors: [HostTensor], _ isMultiLabel: Bool) -> HostTensor {
        switch self {
        case .attention(let choice):
            let parts = tensors.count / (stackedLayerCount ?? 1)
            return stacked(
                stride(from: 0, to: tensors.count, by: parts).map {
                    HostTensor(maps: Array(tensors[$0..<$0 + parts]), averaged: choice.heads == .mean)
                })
        case .probabilities where isMultiLabel:
            return HostTensor(
                tensors[0].shape, tensors[0].values.map { Float(Classification.sigmoid(Double($0))) })
        default: return stacked(tensors)
        }
    }

    private func stacked(_ layers: [HostTensor]) -> HostTensor {
        guard layers.count > 1 else { return layers[0] }
        return HostTensor(Shape([layers.count] + layers[0].shape.dimensions), layers.flatMap(\.values))
    }
}

extension HostTensor {
    /// Maps `[B, R, Q, T]` of one layer side by side, or their mean.
    fileprivate init(maps parts: [HostTensor], averaged: Bool) {
        guard parts.count > 1 else {
            self = parts[0]
            return
        }
        let shape = parts[0].shape
        if averaged {
            let scale = 1 / Float(parts.count)
            let sum = parts.dropFirst().reduce(parts[0].values) { sum, part in zip(sum, part.values).map { $0 + $1 } }
            self.init(shape, sum.map { $0 * scale })
            return
        }
        let values = (0..<shape[0]).flatMap { picture in
            parts.flatMap { part in
                let row = part.values.count / shape[0]
                return part.values[picture * row..<(picture + 1) * row]
            }
        }
        self.init([shape[0], parts.reduce(0) { $0 + $1.shape[1] }, shape[2], shape[3]], values)
    }
}

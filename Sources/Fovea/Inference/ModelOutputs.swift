import Operations
import VisionModels

extension VisionTransformer {
    /// The tensors that an output is made of, on the backend: several for several layers, else one.
    func outputs(
        _ output: OutputKind, of pixels: Pixels<B.Tensor>, on b: B, isMultiLabel: Bool
    ) throws(B.Failure) -> [B.Tensor] {
        switch output {
        case .logits: return [try logits(of: pixels, on: b)]
        case .probabilities:
            let scores = try logits(of: pixels, on: b)
            return [try isMultiLabel ? scores : b.softmax(scores)]
        case .embedding: return [try embedding(of: pixels, on: b)]
        case .tokens: return [try tokens(of: pixels, on: b)]
        case .layers(let wanted):
            var found: [Int: B.Tensor] = [:]
            _ = try layers(of: pixels, on: b) { index, x throws(B.Failure) in
                if wanted.contains(index) { found[index] = x }
            }
            return wanted.compactMap { found[$0] }
        }
    }
}

extension OutputKind {
    /// The output from its tensors: layers stacked, scores of independent classes as probabilities.
    func finish(_ tensors: [HostTensor], _ isMultiLabel: Bool) -> HostTensor {
        guard tensors.count == 1 else {
            return HostTensor(Shape([tensors.count] + tensors[0].shape.dimensions), tensors.flatMap(\.values))
        }
        guard self == .probabilities, isMultiLabel else { return tensors[0] }
        return HostTensor(
            tensors[0].shape, tensors[0].values.map { Float(Classification.sigmoid(Double($0))) })
    }
}

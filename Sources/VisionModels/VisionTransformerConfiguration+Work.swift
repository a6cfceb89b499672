/// Where the floating-point operations of one picture go.
///
/// A multiply-add counts as two; softmax, norms and activations, a percent of the whole, are left out, as in the
/// figures that papers give.
package struct ModelWork: Sendable, Hashable {
    /// Projection of the patches.
    package let embedding: Double
    /// The two products of attention, Q · Kᵀ and weights · V.
    package let attention: Double
    /// The four linear layers of each block.
    package let linear: Double
    /// The head, or both of a distilled model.
    package let head: Double

    /// All together.
    package var total: Double { embedding + attention + linear + head }
}

extension VisionTransformerConfiguration {
    /// Inputs and outputs of the linear layers of a block.
    package var blockLayers: [(inputs: Int, outputs: Int)] {
        [(width, 3 * width), (width, width), (width, isGated ? 2 * hiddenWidth : hiddenWidth), (hiddenWidth, width)]
    }

    /// Floating-point operations of one picture, by part: as in papers, every block for all tokens.
    ///
    /// A pass does less where only the class token is read: what the last block would do for the others is left out.
    package var work: ModelWork {
        let (t, d, m) = (Double(tokenCount), Double(width), Double(hiddenWidth))
        let headCount = Double(readout == .distilled ? 2 : readoutParts?.count ?? 1)
        return ModelWork(
            embedding: 2 * Double(patchCount) * Double(3 * patchSide * patchSide) * d,
            attention: Double(depth) * 4 * t * t * d,
            linear: Double(depth) * 2 * t * d * (4 * d + (isGated ? 3 : 2) * m),
            head: headCount * 2 * d * Double(classes ?? 0))
    }

    /// Floating-point operations of one picture that a pass for logits or the embedding does: of the last block only what
    /// is read, where that is the class token alone.
    package var passFlop: Double {
        guard readsOnlyClassToken else { return flop }
        let (unread, t, d, m) = (Double(tokenCount - 1), Double(tokenCount), Double(width), Double(hiddenWidth))
        return flop - unread * (4 * t * d + 2 * d * (d + (isGated ? 3 : 2) * m))
    }

    /// Floating-point operations of one picture, a multiply-add counted as two, softmax and norms left out.
    package var flop: Double { work.total }
}
